import type { Texts } from '../en/en.ts';

export const schedules: Texts['schedules'] = {
  title: '定时计划',
  text: (zone) => `任务自动运行的时间，按你的时区（${zone}）显示。`,
  today: '今天',
  previous: '前一周',
  next: '后一周',
  week: (from, to) => `${from} 至 ${to}`,
  none: '无',
  clash: (others) => `与另外 ${others} 个任务同时`,
  exceeds: '超过套餐允许的同时运行数',
  zoned: (time, zone) => `${zone} ${time}`,
  clashes: (count) => `${count} 个时刻有多个任务`,
  noClashes: '没有冲突',
  emptyTitle: '没有启用的定时计划',
  emptyText: '在“任务”页面为任务设置定时计划，即将到来的运行会显示在这里。',
  emptyWeek: '这一周没有计划。',
  toTasks: '前往任务',
  truncated: (shown, count) => `显示 ${count} 项中的前 ${shown} 项。`,
};
