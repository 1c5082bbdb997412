/** The index of the API reference: all operations by tag, with a search. */
import { Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { ApiDocument, Operation } from '../../../../src/documentation/api-document.ts';
import { documentQuery } from '../../api/document.ts';
import { AnchorLink } from '../../components/links.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { matchesWords } from './match-words.ts';
import { MethodBadge } from './method-badge.tsx';

function OperationLine({ operation }: { readonly operation: Operation }): ReactNode {
  return (
    <Group gap="sm" wrap="nowrap" align="baseline">
      <MethodBadge method={operation.method} size="sm" />
      <Stack gap={0} miw={0}>
        <AnchorLink to="/docs/api/$operationId" params={{ operationId: operation.operationId }} fw={500}>
          {operation.summary}
        </AnchorLink>
        <Text size="sm" c="dimmed" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {operation.path}
        </Text>
      </Stack>
    </Group>
  );
}

function OperationGroups({
  document,
  words,
}: {
  readonly document: ApiDocument;
  readonly words: string;
}): ReactNode {
  const { reference: texts } = useTexts();
  const found = document.operations.filter((operation) => matchesWords(operation, words));
  if (found.length === 0) return <EmptyState title={texts.nothingFound} />;
  return document.tags.map(({ name, description }) => {
    const operations = found.filter(({ tags }) => tags.includes(name));
    if (operations.length === 0) return null;
    return (
      <Paper key={name} withBorder p="lg" component="section">
        <Title order={2} size="h4">
          {name}
        </Title>
        <Text size="sm" c="dimmed" mb="md">
          {description}
        </Text>
        <Stack gap="sm">
          {operations.map((operation) => (
            <OperationLine key={operation.operationId} operation={operation} />
          ))}
        </Stack>
      </Paper>
    );
  });
}

export function ReferencePage(): ReactNode {
  const { reference: texts } = useTexts();
  const { data, error, refetch } = useQuery(documentQuery);
  const [words, setWords] = useState('');
  return (
    <div>
      <PageHeader title={texts.title} description={texts.intro} />
      <Stack>
        <SearchField label={texts.searchPlaceholder} value={words} onSearch={setWords} />
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {data === undefined && error === null && <Skeleton h="60vh" />}
        {data !== undefined && <OperationGroups document={data} words={words} />}
      </Stack>
    </div>
  );
}
