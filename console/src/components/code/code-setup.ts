/** What every view of code has: line numbers, highlighting, search, keys. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

/** Words of CodeMirror in the reader's language, by its own ones. */
export type Phrases = Readonly<Record<string, string>>;

/** For texts that are only read. */
export function readingSetup(label: string, phrases: Phrases): Extension[] {
  return [
    EditorState.phrases.of(phrases),
    lineNumbers(),
    drawSelection(),
    syntaxHighlighting(classHighlighter),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
    EditorState.readOnly.of(true),
    keymap.of([...searchKeymap, ...defaultKeymap]),
  ];
}

/** For texts that are edited. Escape, then Tab leaves the editor by keyboard. */
export function editingSetup(label: string, file: string, phrases: Phrases): Extension[] {
  return [
    EditorState.phrases.of(phrases),
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    syntaxHighlighting(classHighlighter),
    indentUnit.of(file.endsWith('.py') ? '    ' : '  '),
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
    keymap.of([indentWithTab, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
  ];
}
