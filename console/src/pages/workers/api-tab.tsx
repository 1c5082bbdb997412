/** How to start a worker, read its last run and export it from a program, in three languages. */
import { SegmentedControl, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { stringifyJson } from '../../api/lossless-json.ts';
import { basePath } from '../../api/client.ts';
import type { WorkerDetail } from '../../api/workers.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';
import {
  curlOf,
  javascriptOf,
  pythonOf,
  type PreparedRequest,
} from '../../../../src/documentation/request.ts';
import { formValues, inputOf } from './form/input-values.ts';

const languages = { curl: curlOf, JavaScript: javascriptOf, Python: pythonOf } as const;
type Language = keyof typeof languages;

interface Example {
  readonly operationId: string;
  readonly text: 'apiStart' | 'apiLast' | 'apiResults' | 'apiExport';
  readonly request: PreparedRequest;
}

function examplesOf(path: string, worker: WorkerDetail): Example[] {
  const base = `${location.origin}${basePath}/workers/${path}/runs`;
  const authorization = { Authorization: 'Bearer YOUR_API_KEY' };
  const { custom: schema } = worker.parameters;
  const read = (url: string): PreparedRequest => ({
    method: 'GET',
    url,
    headers: authorization,
    body: undefined,
  });
  const body = stringifyJson({ input: { parameters: { custom: inputOf(schema, formValues(schema)) } } }, 2);
  return [
    {
      operationId: 'runWorker',
      text: 'apiStart',
      request: {
        method: 'POST',
        url: base,
        headers: { ...authorization, 'Content-Type': 'application/json' },
        body,
      },
    },
    { operationId: 'getWorkerLastRun', text: 'apiLast', request: read(`${base}/last`) },
    {
      operationId: 'listWorkerLastRunResults',
      text: 'apiResults',
      request: read(`${base}/last/result?limit=100`),
    },
    {
      operationId: 'exportWorkerLastRunResults',
      text: 'apiExport',
      request: read(`${base}/last/export?format=csv`),
    },
  ];
}

export function ApiTab({
  path,
  worker,
}: {
  readonly path: string;
  readonly worker: WorkerDetail;
}): ReactNode {
  const { workers: texts } = useTexts();
  const [language, setLanguage] = useState<Language>('curl');
  return (
    <Stack>
      <Text size="sm">{texts.apiText}</Text>
      <SegmentedControl
        aria-label={texts.apiLanguage}
        data={Object.keys(languages)}
        value={language}
        onChange={(next) => setLanguage(next as Language)}
        style={{ alignSelf: 'flex-start' }}
      />
      {examplesOf(path, worker).map(({ operationId, text, request }) => (
        <Stack key={operationId} gap={4}>
          <AnchorLink to="/docs/api/$operationId" params={{ operationId }} fw={500}>
            {texts[text]}
          </AnchorLink>
          <CodeBlock code={languages[language](request)} label={texts[text]} />
        </Stack>
      ))}
    </Stack>
  );
}
