/** Reads the Markdown of a stranger in a thread, so that no text can keep the page from answering. */
import { useEffect, useState } from 'react';

const limitMilliseconds = 5000;
/** Pages of more elements than this makes would be slow to show. */
const longestMarkdown = 200_000;

/** HTML that still has to be purified; `refused` for a text that is too long, or takes too long to read. */
export type MarkdownHtml = { readonly html: string } | 'reading' | 'refused';

export function useMarkdownHtml(markdown: string): MarkdownHtml {
  const [read, setRead] = useState<{ readonly markdown: string; readonly result: MarkdownHtml }>();
  useEffect(() => {
    if (markdown.length > longestMarkdown) return undefined;
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
  if (markdown.length > longestMarkdown) return 'refused';
  return read?.markdown === markdown ? read.result : 'reading';
}
