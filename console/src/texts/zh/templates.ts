import type { Texts } from '../en/en.ts';

export const templates: Texts['templates'] = {
  title: '模板与 SDK',
  text: '模板是带有 SDK 的完整 Worker。下载、修改后即可上传。',
  languages: { node: 'Node', typescript: 'TypeScript', python: 'Python' },
  kinds: { plain: '基础', http: 'HTTP 请求', browser: '浏览器' },
  sdkOnly: '仅 SDK',
  sdkLanguages: { node: 'Node', python: 'Python', go: 'Go' },
};
