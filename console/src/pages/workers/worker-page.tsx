/** One worker: its form, its readme, and how programs use it. */
import { Group, Paper, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, type ReactNode } from 'react';
import { useSession } from '../../api/session.ts';
import { descriptionQuery, workerQuery, type WorkerDetail } from '../../api/workers.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { InputTab } from './input-tab.tsx';
import { UploadButton } from './upload-button.tsx';

const route = getRouteApi('/frame/signed-in/workers/$workerId');

/** What reads Markdown is large, and most visits do without. */
const Readme = lazy(async () => ({ default: (await import('./readme.tsx')).Readme }));

function ApiExamples({ path, worker }: { readonly path: string; readonly worker: WorkerDetail }): ReactNode {
  const { workers: texts } = useTexts();
  const base = `${location.origin}/api/v2/workers/${path}/runs`;
  const defaults = worker.parameters.custom.properties
    .filter((property) => property.default !== undefined)
    .map((property) => [property.name, property.default]);
  const body = JSON.stringify(
    { input: { parameters: { custom: Object.fromEntries(defaults) as unknown } } },
    undefined,
    2,
  );
  const key = `-H "Authorization: Bearer YOUR_API_KEY"`;
  const start = `curl -X POST "${base}" \\\n  ${key} \\\n  -H "Content-Type: application/json" \\\n  -d '${body.replaceAll("'", String.raw`'\''`)}'`;
  return (
    <Stack>
      <Text size="sm">{texts.apiText}</Text>
      <AnchorLink to="/docs/api/$operationId" params={{ operationId: 'runWorker' }} fw={500}>
        {texts.apiStart}
      </AnchorLink>
      <CodeBlock code={start} label={texts.apiStart} />
      <AnchorLink to="/docs/api/$operationId" params={{ operationId: 'getWorkerLastRun' }} fw={500}>
        {texts.apiLast}
      </AnchorLink>
      <CodeBlock code={`curl ${key} \\\n  "${base}/last"`} label={texts.apiLast} />
    </Stack>
  );
}

function WorkerContent({
  workerId,
  worker,
}: {
  readonly workerId: string;
  readonly worker: WorkerDetail;
}): ReactNode {
  const { workers: texts } = useTexts();
  const { tab = 'input', from, task } = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const { data: about } = useQuery(descriptionQuery(workerId));
  const path = `${worker.username}~${worker.name}`;
  return (
    <div>
      <PageHeader
        title={about?.title ?? worker.name}
        description={
          <Group gap="xs">
            <span>{texts.by(worker.username)}</span>
            <span>{worker.version}</span>
            {about !== undefined && <span>{about.description}</span>}
          </Group>
        }
        actions={session?.account.name === worker.username && <UploadButton workerId={workerId} />}
      />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) =>
          void navigate({
            search: value === 'readme' || value === 'api' ? { tab: value } : {},
            replace: true,
          })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="input">{texts.inputTab}</Tabs.Tab>
          <Tabs.Tab value="readme">{texts.readmeTab}</Tabs.Tab>
          <Tabs.Tab value="api">{texts.apiTab}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="input" maw="48rem">
          <InputTab workerId={workerId} worker={worker} versions={[worker.version]} from={from} task={task} />
        </Tabs.Panel>
        <Tabs.Panel value="readme" maw="48rem">
          <Paper withBorder p="lg">
            {worker.readme === '' ? (
              <Text c="dimmed">{texts.noReadme}</Text>
            ) : (
              <Suspense fallback={<Skeleton h={300} />}>
                <Readme markdown={worker.readme} />
              </Suspense>
            )}
          </Paper>
        </Tabs.Panel>
        <Tabs.Panel value="api" maw="48rem">
          <ApiExamples path={path} worker={worker} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

export function WorkerPage(): ReactNode {
  const { workerId } = route.useParams();
  const { data: worker, error, refetch } = useQuery(workerQuery(workerId));
  if (worker !== undefined) return <WorkerContent workerId={workerId} worker={worker} />;
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  return <Skeleton h="70vh" />;
}
