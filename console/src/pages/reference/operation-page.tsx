/** One operation of the API: its request and answers, and a form to try it. */
import { Badge, Code, Grid, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconMarkdown } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { exampleOf, type ApiDocument, type Operation } from '../../../../src/documentation/api-document.ts';
import { documentQuery } from '../../api/document.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { NotFoundPage } from '../../shell/not-found-page.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { FieldTable } from './field-table.tsx';
import { InlineCode } from './inline-code.tsx';
import { MethodBadge } from './method-badge.tsx';
import { OperationMenu } from './operation-menu.tsx';
import {
  answerRows,
  answerSchema,
  bodyRows,
  exampleRequest,
  identifierNotes,
  operationMarkdown,
  parameterRows,
  pretty,
  type FieldRow,
} from '../../../../src/documentation/operation-texts.ts';
import {
  curlOf,
  javascriptOf,
  needsAuthentication,
  pythonOf,
} from '../../../../src/documentation/request.ts';
import { ResponseTable } from './response-table.tsx';
import { TryIt } from './try-it.tsx';

const route = getRouteApi('/frame/docs/api/$operationId');

interface PartProps {
  readonly operation: Operation;
  readonly document: ApiDocument;
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {title}
      </Title>
      {children}
    </section>
  );
}

function FieldSection({
  title,
  rows,
}: {
  readonly title: string;
  readonly rows: readonly FieldRow[];
}): ReactNode {
  if (rows.length === 0) return null;
  return (
    <Section title={title}>
      <FieldTable rows={rows} label={title} />
    </Section>
  );
}

function Examples({ operation, document }: PartProps): ReactNode {
  const { reference: texts } = useTexts();
  const request = exampleRequest(operation, document, location.origin);
  const examples = { curl: curlOf(request), JavaScript: javascriptOf(request), Python: pythonOf(request) };
  return (
    <Section title={texts.requestExample}>
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List>
          {Object.keys(examples).map((name) => (
            <Tabs.Tab key={name} value={name}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {Object.entries(examples).map(([name, code]) => (
          <Tabs.Panel key={name} value={name} pt="xs">
            <CodeBlock code={code} label={`${texts.requestExample}: ${name}`} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Section>
  );
}

function MarkdownButton({ operation, document }: PartProps): ReactNode {
  const { reference: texts } = useTexts();
  return (
    <CopyButton
      text={operationMarkdown(operation, document, location.origin, texts)}
      label={texts.copyMarkdown}
      icon={<IconMarkdown size={16} />}
    />
  );
}

function Description({ operation, document }: PartProps): ReactNode {
  const { reference: texts } = useTexts();
  const answer = answerSchema(operation);
  const notes = identifierNotes(operation, texts);
  return (
    <Stack gap="xl">
      <Section title={texts.whenToUse}>
        <Stack gap="xs">
          <InlineCode text={operation.description} />
          <Text size="sm" c="dimmed">
            {needsAuthentication(operation) ? texts.authentication : texts.publicText}
          </Text>
        </Stack>
      </Section>
      {notes.length > 0 && (
        <Section title={texts.identifiers}>
          <Stack gap={4}>
            {notes.map((note) => (
              <Text key={note} size="sm">
                {note}
              </Text>
            ))}
          </Stack>
        </Section>
      )}
      <FieldSection title={texts.pathParameters} rows={parameterRows(operation, 'path')} />
      <FieldSection title={texts.queryParameters} rows={parameterRows(operation, 'query')} />
      <FieldSection title={texts.headerParameters} rows={parameterRows(operation, 'header')} />
      <FieldSection title={texts.bodyFields} rows={bodyRows(operation, document)} />
      <Examples operation={operation} document={document} />
      {answer !== undefined && (
        <Section title={texts.responseExample}>
          <CodeBlock code={pretty(exampleOf(answer, document))} label={texts.responseExample} />
        </Section>
      )}
      <FieldSection title={texts.responseFields} rows={answerRows(operation, document)} />
      <Section title={texts.responses}>
        <ResponseTable operation={operation} />
      </Section>
    </Stack>
  );
}

function OperationContent({ operation, document }: PartProps): ReactNode {
  const { reference: texts } = useTexts();
  const isPublic = !needsAuthentication(operation);
  return (
    <div>
      <OperationMenu document={document} current={operation.operationId} />
      <PageHeader
        title={operation.summary}
        description={
          <Group gap="xs" mt={4}>
            <MethodBadge method={operation.method} />
            <Code style={{ overflowWrap: 'anywhere' }}>{operation.path}</Code>
            <Badge variant="light" color={isPublic ? 'teal' : 'gray'} radius="sm">
              {isPublic ? texts.publicBadge : texts.authenticationBadge}
            </Badge>
          </Group>
        }
        actions={<MarkdownButton operation={operation} document={document} />}
      />
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, lg: 5 }} order={{ base: 1, lg: 2 }}>
          <TryIt key={operation.operationId} operation={operation} document={document} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 7 }} order={{ base: 2, lg: 1 }}>
          <Description operation={operation} document={document} />
        </Grid.Col>
      </Grid>
    </div>
  );
}

export function OperationPage(): ReactNode {
  const { operationId } = route.useParams();
  const { data, error, refetch } = useQuery(documentQuery);
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h="80vh" />;
  const operation = data.operations.find((candidate) => candidate.operationId === operationId);
  return operation === undefined ? (
    <NotFoundPage />
  ) : (
    <OperationContent operation={operation} document={data} />
  );
}
