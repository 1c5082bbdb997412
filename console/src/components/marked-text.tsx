/** Marks the words that were searched for in a text, ignoring case. */
import { Fragment, useMemo, type ReactNode } from 'react';

function patternOf(words: string): RegExp {
  const escaped = words.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  // expression-exempt: the words are escaped, so it has no quantifier
  return new RegExp(`(${escaped})`, 'gi');
}

export function MarkedText({ text, words }: { readonly text: string; readonly words: string }): ReactNode {
  const parts = useMemo(() => (words === '' ? [text] : text.split(patternOf(words))), [text, words]);
  if (parts.length === 1) return text;
  // Split puts the captured matches at the odd indexes.
  return parts.map((part, place) => (
    // oxlint-disable-next-line react/no-array-index-key -- the parts have no other name and never move
    <Fragment key={place}>{place % 2 === 1 ? <mark>{part}</mark> : part}</Fragment>
  ));
}
