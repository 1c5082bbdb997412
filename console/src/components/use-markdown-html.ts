/** Converts untrusted Markdown in a thread, so that no text can block the page. */
import { useEffect, useState } from 'react';

const limitMilliseconds = 5000;
/** Longer texts would make pages with too many elements. */
const maxMarkdownLength = 200_000;

/** HTML that still has to be sanitized; `refused` if the text is too long or took too long to convert. */
export type MarkdownHtml = { readonly html: string } | 'reading' | 'refused';

export function useMarkdownHtml(markdown: string): MarkdownHtml {
  const [read, setRead] = useState<{ readonly markdown: string; readonly result: MarkdownHtml }>();
  useEffect(() => {
    if (markdown.length > maxMarkdownLength) return undefined;
    const settle = (result: MarkdownHtml): void => setRead({ markdown, result });
    const thread = new Worker(new URL('markdown-thread.ts', import.meta.url), { type: 'module' });
    const timer = setTimeout(end, limitMilliseconds, 'refused');
    function end(result: MarkdownHtml): void {
      clearTimeout(timer);
      thread.terminate();
      settle(result);
    }
    thread.addEventListener('message', ({ data }: MessageEvent<string>) => end({ html: data }));
    thread.addEventListener('error', () => end('refused'));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin to name
    thread.postMessage(markdown);
    return () => {
      clearTimeout(timer);
      thread.terminate();
    };
  }, [markdown]);
  if (markdown.length > maxMarkdownLength) return 'refused';
  return read?.markdown === markdown ? read.result : 'reading';
}
