/** Adds a copy button to every block of code in a part of the page that was written as HTML. */
import { useLayoutEffect, useState, type ReactNode, type RefObject } from 'react';
import { createPortal } from 'react-dom';
import { CopyButton } from './copy-button.tsx';
import classes from './markdown.module.css';

interface Block {
  readonly place: HTMLElement;
  readonly code: string;
}

/** Wraps the block, so that the button keeps its place when the code scrolls. */
function framed(block: HTMLPreElement): Block {
  const frame = document.createElement('div');
  const place = document.createElement('div');
  frame.className = classes['codeFrame'] ?? '';
  place.className = classes['codeCopy'] ?? '';
  block.replaceWith(frame);
  frame.append(block, place);
  return { place, code: (block.textContent ?? '').replace(/\n$/, '') };
}

function unframe({ place }: Block): void {
  const frame = place.parentElement;
  const block = frame?.querySelector('pre');
  if (frame !== null && block) frame.replaceWith(block);
}

/** @param within the part, whose HTML must not change while this is shown */
export function CodeCopies({ within }: { readonly within: RefObject<HTMLElement | null> }): ReactNode {
  const [blocks, setBlocks] = useState<readonly Block[]>([]);
  useLayoutEffect(() => {
    const found = Array.from(within.current?.querySelectorAll('pre') ?? [], framed);
    // oxlint-disable-next-line react/set-state-in-effect -- the places of the buttons exist once the HTML is in the page
    setBlocks(found);
    return () => found.forEach(unframe);
  }, [within]);
  // oxlint-disable-next-line react/no-array-index-key -- the blocks of a text have no other name, and never move
  return blocks.map(({ place, code }, index) =>
    createPortal(<CopyButton text={code} />, place, String(index)),
  );
}
