import type { Texts } from '../en/en.ts';

export const accounts: Texts['accounts'] = {
  title: '账户管理',
  description: '使用此平台的所有成员，以及拥有独立账户的程序。',
  name: '名称',
  nameHint: '小写字母、数字、连字符和下划线。它是该账户 Worker 路径的一部分。',
  emailHint: '对方打开链接时可以修改。',
  state: '状态',
  plan: '套餐',
  createdAt: '创建时间',
  isAdmin: '管理员',
  isAdminHint: '可以查看和修改所有账户及系统。',
  states: { active: '已激活', invited: '已邀请', keys_only: '仅 API 密钥', disabled: '已停用' },
  linkExpires: '链接有效期至',
  linkExpired: '链接已过期',
  invite: '邀请成员',
  createAndInvite: '创建账户',
  newLink: '新链接',
  newLinkOf: (name) => `${name} 的新链接`,
  linkTitle: (name) => `${name} 的链接`,
  linkText: (name) =>
    `请将此链接发送给 ${name} 的使用者，用于设定邮箱和密码。链接仅可使用一次，并使之前的链接失效。`,
  linkOnce: '请立即复制：以后无法再次显示。',
  disable: '停用',
  disableTitle: (name) => `停用 ${name}？`,
  disableText:
    '停用后无法登录，API 密钥被拒绝，也不会启动新的运行。进行中的运行会继续，不会删除任何内容。可以重新启用。',
  enable: '启用',
  enableOf: (name) => `启用 ${name}`,
};
