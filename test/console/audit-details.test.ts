import { expect, test } from 'vitest';
import { detailsText } from '../../console/src/pages/audit-log/details-text.ts';
import { en } from '../../console/src/texts/en/en.ts';
import { zh } from '../../console/src/texts/zh/zh.ts';

test.each([
  ['nothing', {}, '', ''],
  [
    'changed fields',
    { fields: ['title', 'is_public'] },
    'changed: title, visibility',
    '已更改：标题, 可见性',
  ],
  ['a yes or no', { is_admin: false }, 'administrator: no', '管理员：否'],
  [
    'a balance',
    { amount: '10', balance: '1234.5', note: '' },
    'amount: 10.00, balance: 1,234.50, note: none',
    '金额：10.00, 余额：1,234.50, 备注：无',
  ],
  [
    'a repository',
    { git: { url: 'https://a.example/b', ref: '' } },
    'repository: (address: https://a.example/b, branch or tag: none)',
    '代码库：(地址：https://a.example/b, 分支或标签：无)',
  ],
  ['a name that is not known', { constructor: 1 }, 'constructor: 1', 'constructor：1'],
])('the details of an audit entry with %s', (_, details, english, chinese) => {
  expect(detailsText(details, en.auditLog, 'en')).toBe(english);
  expect(detailsText(details, zh.auditLog, 'zh')).toBe(chinese);
});
