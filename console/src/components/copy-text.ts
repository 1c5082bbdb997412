/** Copies text to the clipboard, also on plain HTTP, where browsers have no clipboard interface. */

async function writeToClipboard(text: string): Promise<boolean> {
  // Undefined on plain HTTP, although the types say otherwise.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  try {
    await clipboard?.writeText(text);
    return clipboard !== undefined;
  } catch {
    return false;
  }
}

/** Selects the text in a field that nobody sees, and copies the selection. */
function copySelection(text: string): boolean {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement : undefined;
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.tabIndex = -1;
  field.ariaHidden = 'true';
  Object.assign(field.style, { position: 'fixed', top: '0', opacity: '0' });
  // A dialog keeps the focus within itself.
  (focused?.closest('[role="dialog"]') ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    focused?.focus({ preventScroll: true });
  }
}

/** @returns whether the text was copied */
export async function copyText(text: string): Promise<boolean> {
  return (await writeToClipboard(text)) || copySelection(text);
}
