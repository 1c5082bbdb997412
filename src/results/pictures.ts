/** Recognizes pictures in text: data URLs, and base64 as screenshots are pushed. Has no imports, for the console. */

const dataUrl = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

/** How the base64 of each kind of picture starts. */
const beginnings: readonly (readonly [beginning: string, mediaType: string])[] = [
  ['iVBORw0KGgo', 'png'],
  ['/9j/', 'jpeg'],
  ['R0lGODlh', 'gif'],
  ['R0lGODdh', 'gif'],
  ['UklGR', 'webp'],
];

/** Shorter text without a media type may be any other value. */
const shortestBase64 = 200;

/** @returns a data URL of the picture that the text is, or begins with; undefined for other text */
export function pictureAddress(text: string): string | undefined {
  const [prefix] = dataUrl.exec(text) ?? [];
  const mediaType =
    prefix === undefined && text.length >= shortestBase64
      ? beginnings.find(([beginning]) => text.startsWith(beginning))?.[1]
      : undefined;
  if (prefix === undefined && mediaType === undefined) return undefined;
  const base64 = text.slice(prefix?.length ?? 0);
  if (base64 === '' || /[^A-Za-z0-9+/=]/.test(base64)) return undefined;
  return prefix === undefined ? `data:image/${mediaType};base64,${base64}` : text;
}
