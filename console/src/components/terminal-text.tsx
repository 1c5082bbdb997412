/** Shows text in the colors that a program printed, and marks words. */
import { useMemo, type ReactNode } from 'react';
import type { TextStyle } from '../../../src/answers/logs.ts';
import classes from './terminal-text.module.css';
import { textPieces } from './text-pieces.ts';

function classOf(style: TextStyle): string {
  const { color, background, bold, dim, italic, underline } = style;
  const names = [
    background === undefined ? color && `color-${color}` : `background-${background}`,
    bold && 'bold',
    dim && 'dim',
    italic && 'italic',
    underline && 'underline',
  ];
  return names.map((name) => (name === undefined ? '' : (classes[name] ?? ''))).join(' ');
}

interface TerminalTextProps {
  readonly text: string;
  readonly styles: readonly TextStyle[];
  readonly words: string;
}

export function TerminalText({ text, styles, words }: TerminalTextProps): ReactNode {
  const pieces = useMemo(() => textPieces(text, styles, words), [text, styles, words]);
  return pieces.map(({ start, text: piece, style, isMarked }) => {
    const content = isMarked ? <mark>{piece}</mark> : piece;
    return (
      <span key={start} className={style === undefined ? undefined : classOf(style)}>
        {content}
      </span>
    );
  });
}
