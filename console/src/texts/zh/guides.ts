import type { Texts } from '../en/en.ts';

export const guides: Texts['guides'] = {
  title: '文档',
  intro: '如何运行 Worker、编写 Worker，以及运维 Chela。',
  groups: {
    start: '开始',
    use: '使用 API',
    write: '编写 Worker',
    operate: '运维 Chela',
    inside: '内部构造',
  },
  search: '搜索指南和接口',
  guidesFound: '指南',
  notFound: '没有包含这些词的指南或接口',
  contents: '本页内容',
  inEnglish: '（英文）',
  englishOnly: '本页目前只有英文版。服务器返回的消息也是英文。',
  choose: '选择页面',
  nothingFound: '没有标题包含这些词的页面。',
  everyOperation: '全部 API 接口',
  forPrograms: '含示例，并可直接试用。供程序读取：',
};
