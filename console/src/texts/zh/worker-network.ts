import type { Texts } from '../en/en.ts';

export const workerNetwork: Texts['workerNetwork'] = {
  title: '网络访问',
  limited: '仅限列出的主机',
  limitedHint: '拒绝连接其他所有主机，对所有账户的运行都有效。关闭时可连接任何公网主机。',
  hosts: '允许的主机',
  hostsHint:
    '每行一个：域名（example.com）、其子域名（*.example.com）、地址或网段（192.0.2.0/24）。加上端口则只允许该端口（example.com:443）。',
  emptyList: '列表为空：Worker 无法连接任何主机。',
  fromRuns: '根据最近的运行建议',
  fromPackage: '添加代码包中的主机',
  noRuns: '没有成功的运行可供建议。',
  runs: (_count, text) => `您最近 ${text} 次成功运行连接的主机。`,
  notComplete: '这些运行连接的主机多于列出的主机。',
  apply: '应用',
  saved: '网络访问设置已保存',
};
