/** A new worker, written in the browser from a template. */
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, type ReactNode } from 'react';
import { templateQuery, type WorkerTemplateDetail } from '../../../api/editing.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { editKey } from './edit-draft.ts';
import { WorkerEditor } from './worker-editor.tsx';

const route = getRouteApi('/frame/signed-in/workers/new');

function TemplateEditor({ template }: { readonly template: WorkerTemplateDetail }): ReactNode {
  const { editor: texts, templates } = useTexts();
  const { title = '' } = route.useSearch();
  const { name, language, kind, files } = template;
  const source = useMemo(
    () => ({ key: editKey(`${name} ${title}`), paths: files.map(({ path }) => path), title }),
    [name, files, title],
  );
  const base = useMemo(
    () => ({ texts: Object.fromEntries(files.map(({ path, content }) => [path, content])) }),
    [files],
  );
  return (
    <WorkerEditor
      source={source}
      texts={base}
      workerId={undefined}
      heading={texts.newTitle}
      description={texts.fromTemplate(templates.languages[language], templates.kinds[kind])}
    />
  );
}

export function NewWorkerPage(): ReactNode {
  const { template: name = 'node-plain', title } = route.useSearch();
  const { data, error, refetch } = useQuery(templateQuery(name));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h="70vh" />;
  return <TemplateEditor key={`${name} ${title}`} template={data} />;
}
