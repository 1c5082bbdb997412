import type { Texts } from '../en/en.ts';

export const palette: Texts['palette'] = {
  open: '转到…',
  placeholder: '页面、Worker、任务或运行',
  pages: '页面',
  workers: 'Worker',
  tasks: '任务',
  runs: '运行',
  nothing: '没有找到',
  searching: '正在搜索…',
};
