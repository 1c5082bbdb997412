import type { Texts } from '../en/en.ts';

export const code: Texts['code'] = {
  phrases: {
    Find: '查找',
    Replace: '替换为',
    next: '下一个',
    previous: '上一个',
    all: '全部',
    'match case': '区分大小写',
    regexp: '正则表达式',
    'by word': '全字匹配',
    replace: '替换',
    'replace all': '全部替换',
    close: '关闭',
    'current match': '当前匹配',
    'replaced $ matches': '已替换 $ 处',
    'replaced match on line $': '已替换第 $ 行的匹配',
    'on line': '所在行',
    'Go to line': '转到行',
    go: '转到',
    '$ unchanged lines': '$ 行未更改',
    'Selection deleted': '已删除所选内容',
  },
};
