/** The input that a run was started with. */
import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { stringifyJson } from '../../api/lossless-json.ts';
import { inputOfRunQuery } from '../../api/run-inputs.ts';
import type { Run } from '../../api/runs.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { EditButton } from './run-actions.tsx';

export function InputPanel({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const { data, error, refetch } = useQuery(inputOfRunQuery(run.slug));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {texts.inputNote(data.version)}
        </Text>
        <EditButton run={run} />
      </Group>
      <CodeBlock code={stringifyJson(data.input, 2)} label={texts.inputTitle} copyLabel={texts.copyInput} />
    </Stack>
  );
}
