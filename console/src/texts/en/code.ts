/** The words of the code editor's search panel, by the English ones that CodeMirror looks up. */
export const code = {
  phrases: {
    Find: 'Find',
    Replace: 'Replace',
    next: 'next',
    previous: 'previous',
    all: 'all',
    'match case': 'match case',
    regexp: 'regular expression',
    'by word': 'whole words',
    replace: 'replace',
    'replace all': 'replace all',
    close: 'close',
    'current match': 'current match',
    'replaced $ matches': 'replaced $ matches',
    'replaced match on line $': 'replaced match on line $',
    'on line': 'on line',
    'Go to line': 'Go to line',
    go: 'go',
    '$ unchanged lines': '$ unchanged lines',
    'Selection deleted': 'Selection deleted',
  },
};
