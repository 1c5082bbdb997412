/** Code with highlighting. CodeMirror is loaded when the first code is shown. */
import { Skeleton } from '@mantine/core';
import { lazy, Suspense, type ReactNode } from 'react';
import type { CodeDiffProps } from './code-diff.tsx';
import type { CodeEditorProps } from './code-editor.tsx';

const LazyEditor = lazy(async () => ({ default: (await import('./code-editor.tsx')).CodeEditor }));
const LazyDiff = lazy(async () => ({ default: (await import('./code-diff.tsx')).CodeDiff }));

export function Code(props: CodeEditorProps): ReactNode {
  return (
    <Suspense fallback={<Skeleton h={props.onChange === undefined ? 320 : '100%'} />}>
      <LazyEditor {...props} />
    </Suspense>
  );
}

export function Diff(props: CodeDiffProps): ReactNode {
  return (
    <Suspense fallback={<Skeleton h={320} />}>
      <LazyDiff {...props} />
    </Suspense>
  );
}
