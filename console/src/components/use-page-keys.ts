/** Single-key shortcuts of a page. They are ignored while the reader types in a field. */
import { useEffect, useEffectEvent } from 'react';

/** Types of inputs that take no text. */
const pressed = new Set(['checkbox', 'radio', 'button', 'submit', 'reset']);

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !pressed.has(target.type);
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** @param keys the action of each key; ignored while a dialog is open */
export function usePageKeys(keys: Readonly<Record<string, () => void>>): void {
  const press = useEffectEvent((event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.altKey || event.metaKey || isWriting(event.target))
      return;
    if (document.querySelector('[role=dialog]') !== null) return;
    event.preventDefault();
    act();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}
