/** The lines of a file that changed. It is large, so import it through `code.tsx`. */
import { unifiedMergeView } from '@codemirror/merge';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTexts } from '../../texts/texts.tsx';
import { languageOf } from './code-languages.ts';
import { readingSetup } from './code-setup.ts';
import classes from './code.module.css';

export interface CodeDiffProps {
  readonly file: string;
  /** The text before. */
  readonly before: string;
  readonly after: string;
  /** Names the field for screen readers. */
  readonly label: string;
}

/** Bounds the time that comparing takes. */
const diffConfig = { scanLimit: 1000, timeout: 1000 };

export function CodeDiff({ file, before, after, label }: CodeDiffProps): ReactNode {
  const { phrases } = useTexts().code;
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const language = new Compartment();
    const view = new EditorView({
      parent: frame.current ?? undefined,
      state: EditorState.create({
        doc: after,
        extensions: [
          readingSetup(label, phrases),
          language.of([]),
          unifiedMergeView({
            original: before,
            mergeControls: false,
            gutter: true,
            collapseUnchanged: { margin: 3, minSize: 6 },
            diffConfig,
          }),
        ],
      }),
    });
    let isOpen = true;
    const highlight = async (): Promise<void> => {
      const extension = await languageOf(file);
      if (isOpen) view.dispatch({ effects: language.reconfigure(extension) });
    };
    void highlight();
    return () => {
      isOpen = false;
      view.destroy();
    };
  }, [file, before, after, label, phrases]);
  return <div ref={frame} className={classes['frame']} />;
}
