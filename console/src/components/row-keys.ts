/** Keyboard navigation in a list: j and k move the focus between the links of rows; Enter opens one. */
import { useHotkeys } from '@mantine/hooks';

/** Attribute of the link in each row. */
export const rowLink = { 'data-row-link': '' } as const;

function focusRow(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-row-link]')];
  const here = links.findIndex((link) => link === document.activeElement);
  const next = here === -1 ? links.at(step === 1 ? 0 : -1) : links[here + step];
  next?.focus();
}

export function useRowKeys(): void {
  useHotkeys([
    ['j', () => focusRow(1)],
    ['k', () => focusRow(-1)],
  ]);
}
