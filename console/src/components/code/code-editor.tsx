/** Shows a file with highlighting, to read or to edit. It is large, so import it through `code.tsx`. */
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useEffectEvent, useRef, type ReactNode } from 'react';
import { useTexts } from '../../texts/texts.tsx';
import { languageOf } from './code-languages.ts';
import { editingSetup, readingSetup } from './code-setup.ts';
import classes from './code.module.css';

export interface CodeEditorProps {
  /** Path of the file, whose ending decides on the highlighting. */
  readonly file: string;
  readonly value: string;
  /** Names the field for screen readers. */
  readonly label: string;
  /** Absent for a text that is only read. */
  readonly onChange?: (value: string) => void;
}

function withoutReturns(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n');
}

/** Keeps the line breaks of a file from Windows. If a file mixes them, they become the same once it is edited. */
function lineBreaks(text: string): Extension {
  const breaks = text.match(/\r?\n|\r/g) ?? [];
  return breaks.length > 0 && breaks.every((found) => found === '\r\n')
    ? EditorState.lineSeparator.of('\r\n')
    : [];
}

function isSame(state: EditorState | undefined, value: string): boolean {
  return state !== undefined && (state.sliceDoc() === value || state.sliceDoc() === withoutReturns(value));
}

/** Fills its parent's height if it is edited; otherwise it is as high as its text. */
export function CodeEditor({ file, value, label, onChange }: CodeEditorProps): ReactNode {
  const { phrases } = useTexts().code;
  const frame = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  /** States of the files that were open before, with their undo histories. */
  const states = useRef(new Map<string, EditorState>());
  const isEdited = onChange !== undefined;
  const change = useEffectEvent((next: string) => onChange?.(next));
  const currentValue = useEffectEvent(() => value);

  useEffect(() => {
    const opened = new EditorView({ parent: frame.current ?? undefined });
    view.current = opened;
    return () => {
      opened.destroy();
      view.current = undefined;
    };
  }, []);

  useEffect(() => {
    const opened = view.current;
    if (opened === undefined) return undefined;
    const kept = states.current;
    const before = kept.get(file);
    const language = new Compartment();
    const text = currentValue();
    const state =
      before !== undefined && isSame(before, text)
        ? before
        : EditorState.create({
            doc: text,
            extensions: [
              isEdited ? editingSetup(label, file, phrases) : readingSetup(label, phrases),
              lineBreaks(text),
              language.of([]),
              EditorView.updateListener.of((update) => {
                if (update.docChanged) change(update.state.sliceDoc());
              }),
            ],
          });
    opened.setState(state);
    // The view would stay where the file before was scrolled to.
    opened.scrollDOM.scrollTo(0, 0);
    let isOpen = true;
    const highlight = async (): Promise<void> => {
      const extension = await languageOf(file);
      if (isOpen && state !== before) opened.dispatch({ effects: language.reconfigure(extension) });
    };
    void highlight();
    return () => {
      isOpen = false;
      kept.set(file, opened.state);
    };
  }, [file, isEdited, label, phrases]);

  useEffect(() => {
    const opened = view.current;
    if (opened === undefined || isSame(opened.state, value)) return;
    opened.dispatch({ changes: { from: 0, to: opened.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={frame} className={`${classes['frame']} ${isEdited ? classes['full'] : ''}`} />;
}
