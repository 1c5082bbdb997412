import type { Texts } from '../en/en.ts';

export const lists: Texts['lists'] = {
  count: (count) => `共 ${count} 项`,
  perPage: (size) => `每页 ${size} 项`,
  pageSize: '每页项数',
  page: (page) => `第 ${page} 页`,
  pageControls: { first: '第一页', previous: '上一页', next: '下一页', last: '最后一页' },
  clear: '清除筛选',
  ofTask: (title) => `任务：${title}`,
  clearTask: '显示所有任务的运行',
  searchRuns: '按 Worker 或编号搜索运行',
  anyOrigin: '全部来源',
  anyWorker: '全部 Worker',
  from: '从',
  to: '到',
  noMatch: '没有符合筛选条件的内容。',
  anySchedule: '不限定时计划',
  scheduled: '有定时计划',
  byHand: '仅手动',
};
