import type { Texts } from '../en/en.ts';

export const runs: Texts['runs'] = {
  title: '运行记录',
  worker: 'Worker',
  status: '状态',
  anyStatus: '全部状态',
  results: '行数',
  started: '开始时间',
  duration: '时长',
  usage: '费用',
  traffic: '流量',
  origin: '来源',
  version: '版本',
  origins: {
    api_v2: 'API',
    console: '控制台',
    schedule: '定时计划',
    task: '任务',
    mcp: 'MCP',
    cli: '命令行',
  },
  emptyTitle: '没有运行记录',
  emptyText: '打开一个 Worker，填写表单并启动，运行就会出现在这里。',
  toWorkers: '选择 Worker',
  notStarted: '尚未开始',
};
