/** A thread that converts one Markdown text and posts back its HTML. */
import { readMarkdown } from './markdown-reader.ts';

globalThis.addEventListener('message', ({ data }: MessageEvent<string>) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin to name
  globalThis.postMessage(readMarkdown(data));
});
