/** Recognizes pictures in text: data URLs, and plain base64, as in screenshots. Without imports, for the console. */

const dataUrl = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

/** Start of the base64 text of each picture format. */
const beginnings: readonly (readonly [beginning: string, mediaType: string])[] = [
  ['iVBORw0KGgo', 'png'],
  ['/9j/', 'jpeg'],
  ['R0lGODlh', 'gif'],
  ['R0lGODdh', 'gif'],
  ['UklGR', 'webp'],
];

/** Shorter text without a media type could be something else. */
const shortestBase64 = 200;

/** @returns a data URL if the text is a picture or the start of one; otherwise undefined */
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
