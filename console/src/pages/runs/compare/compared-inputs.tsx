/** What changed between the inputs of two runs. */
import { Paper, Skeleton, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { stringifyJson } from '../../../api/lossless-json.ts';
import { inputOfRunQuery } from '../../../api/run-inputs.ts';
import type { Run } from '../../../api/runs.ts';
import { Diff } from '../../../components/code/code.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';

/** Comparing and showing longer inputs would hold up the page. */
const maxInputLength = 500_000;

function Difference({ before, after }: { readonly before: string; readonly after: string }): ReactNode {
  const { compare: texts } = useTexts();
  if (before === after) return <Text size="sm">{texts.sameInput}</Text>;
  if (before.length + after.length > maxInputLength) return <Text size="sm">{texts.longInput}</Text>;
  return <Diff file="input.json" before={before} after={after} label={texts.input} />;
}

export function ComparedInputs({ run, other }: { readonly run: Run; readonly other: Run }): ReactNode {
  const { compare: texts } = useTexts();
  const ours = useQuery(inputOfRunQuery(run.slug));
  const theirs = useQuery(inputOfRunQuery(other.slug));
  const error = ours.error ?? theirs.error;
  const isReady = ours.data !== undefined && theirs.data !== undefined;
  return (
    <Paper withBorder p="md" component="section" aria-label={texts.input}>
      <Title order={2} size="h4" mb="xs">
        {texts.input}
      </Title>
      {error !== null && <ErrorNotice error={error} />}
      {!isReady && error === null && <Skeleton h={80} />}
      {isReady && (
        <Difference before={stringifyJson(theirs.data.input, 2)} after={stringifyJson(ours.data.input, 2)} />
      )}
    </Paper>
  );
}
