import type { Texts } from '../en/en.ts';

export const files: Texts['files'] = {
  title: '文件',
  changesTab: '变更',
  versionTitle: (version) => `版本 ${version}`,
  backTo: (worker) => `${worker} 的版本`,
  show: '文件',
  compare: '比较',
  contentOf: (file) => `${file} 的内容`,
  changesOf: (file) => `${file} 的变更`,
  truncated: '文件较大，仅显示前 1 MiB。下载程序包可查看全部。',
  binary: '此文件不是文本。下载程序包后打开。',
  binaryChanged: '此文件不是文本，无法逐行比较。',
  notListed: (count) => `另有 ${count} 个文件未列出`,
  compareWith: '比较对象',
  onlyVersion: '只有这一个版本。',
  oldestVersion: '这是最早的版本。请选择另一个版本进行比较。',
  noChanges: '两个版本的文件相同。',
  changedFiles: '变更的文件',
  changes: { added: '新增', removed: '删除', changed: '修改' },
  dependencies: '依赖',
  inputFields: '输入字段',
};
