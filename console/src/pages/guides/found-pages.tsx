/** What a search of the documentation found: sections of guides, and operations of the API. */
import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Operation } from '../../../../src/documentation/api-document.ts';
import { documentQuery } from '../../api/document.ts';
import { guideMatchesQuery } from '../../api/guides.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { matchesWords } from '../reference/match-words.ts';
import { MethodBadge } from '../reference/method-badge.tsx';

const shownOperations = 20;

function OperationLine({ operation }: { readonly operation: Operation }): ReactNode {
  const { operationId, method, summary, path } = operation;
  return (
    <Group gap="sm" wrap="nowrap" align="baseline">
      <MethodBadge method={method} size="sm" />
      <div>
        <AnchorLink to="/docs/api/$operationId" params={{ operationId }} fw={500}>
          {summary}
        </AnchorLink>
        <Text size="sm" c="dimmed" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {path}
        </Text>
      </div>
    </Group>
  );
}

function FoundPart({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <Paper withBorder p="lg" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="md">
        {title}
      </Title>
      <Stack gap="sm">{children}</Stack>
    </Paper>
  );
}

export function FoundPages({ words }: { readonly words: string }): ReactNode {
  const { guides: texts, reference } = useTexts();
  const { language } = useLanguage();
  const sections = useQuery(guideMatchesQuery(words, language));
  const document = useQuery(documentQuery);
  const failed = sections.error === null ? document : sections;
  const operations = (document.data?.operations ?? []).filter((operation) => matchesWords(operation, words));
  const isReady = sections.data !== undefined && document.data !== undefined;
  return (
    <Stack aria-live="polite">
      {failed.error !== null && <ErrorNotice error={failed.error} onRetry={() => void failed.refetch()} />}
      {isReady && sections.data.length + operations.length === 0 && <EmptyState title={texts.notFound} />}
      {sections.data !== undefined && sections.data.length > 0 && (
        <FoundPart title={texts.guidesFound}>
          {sections.data.map(({ guide, title, heading, anchor, excerpt }) => (
            <div key={`${guide} ${anchor} ${excerpt}`}>
              <AnchorLink to="/docs/$guide" params={{ guide }} hash={anchor || undefined} fw={500}>
                {heading === '' ? title : `${title} › ${heading}`}
              </AnchorLink>
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {excerpt}
              </Text>
            </div>
          ))}
        </FoundPart>
      )}
      {operations.length > 0 && (
        <FoundPart title={reference.operations}>
          {operations.slice(0, shownOperations).map((operation) => (
            <OperationLine key={operation.operationId} operation={operation} />
          ))}
        </FoundPart>
      )}
    </Stack>
  );
}
