import type { Texts } from '../en/en.ts';

export const signIn: Texts['signIn'] = {
  title: '登录 Chela',
  email: '电子邮箱',
  password: '密码',
  submit: '登录',
  firstTime: '第一次使用？请打开 Chela 启动时打印的设置链接，设定邮箱和密码。',
};
