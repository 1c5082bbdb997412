/** A form to call an operation, with a token that never leaves this tab's storage. */
import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { ApiDocument, Operation } from '../../../../src/documentation/api-document.ts';
import { JsonField } from '../../components/json-field.tsx';
import { useTexts, type Texts } from '../../texts/texts.tsx';
import { AnswerView, type Sent } from './answer-view.tsx';
import { AuthenticationFields } from './authentication-fields.tsx';
import { bodySchema, exampleBody, hasForm } from '../../../../src/documentation/operation-texts.ts';
import { ParameterFields } from './parameter-fields.tsx';
import {
  missingParameters,
  needsAuthentication,
  prepareRequest,
} from '../../../../src/documentation/request.ts';
import { send, withDefaults } from './send.ts';
import { useAuthMode, useToken } from './token.ts';
import classes from './try-it.module.css';

function defaultValues({ parameters }: Operation): Record<string, string> {
  const withDefault = parameters.filter(({ schema }) => schema.default !== undefined);
  return Object.fromEntries(withDefault.map(({ name, schema }) => [name, String(schema.default)]));
}

interface Entered {
  readonly token: string;
  readonly values: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Why the request cannot be sent yet; undefined if it can. */
function problemOf(operation: Operation, entered: Entered, texts: Texts['reference']): string | undefined {
  const missing = missingParameters(operation, entered.values);
  if (missing.length > 0) return texts.missing(missing.map(({ name }) => name).join(', '));
  if (needsAuthentication(operation) && entered.token.trim() === '') return texts.needsToken;
  if (entered.body.trim() === '') return undefined;
  try {
    JSON.parse(entered.body);
    return undefined;
  } catch (error) {
    return texts.brokenJson((error as Error).message);
  }
}

function BodyField({
  operation,
  body,
  onChange,
  onReset,
}: {
  readonly operation: Operation;
  readonly body: string;
  readonly onChange: (body: string) => void;
  readonly onReset: () => void;
}): ReactNode {
  const { reference: texts } = useTexts();
  if (bodySchema(operation) === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {hasForm(operation) ? texts.formBody : texts.noBody}
      </Text>
    );
  }
  return (
    <Stack gap={4}>
      <JsonField label={texts.body} value={body} onChange={onChange} minRows={4} maxRows={16} />
      <Button variant="subtle" size="compact-xs" onClick={onReset} style={{ alignSelf: 'flex-start' }}>
        {texts.resetBody}
      </Button>
    </Stack>
  );
}

export function TryIt({
  operation,
  document,
}: {
  readonly operation: Operation;
  readonly document: ApiDocument;
}): ReactNode {
  const { reference: texts } = useTexts();
  const [token, setToken] = useToken();
  const [mode, setMode] = useAuthMode();
  const [values, setValues] = useState(() => defaultValues(operation));
  const [body, setBody] = useState(() => exampleBody(operation, document));
  const [problem, setProblem] = useState<string>();
  const [isSending, setSending] = useState(false);
  const [sent, setSent] = useState<Sent>();

  const sendEntered = async (): Promise<void> => {
    const isRun = operation.operationId === 'runWorker';
    const completed = isRun ? await withDefaults(body, values['workerId'] ?? '', token.trim()) : body;
    const isFilled = completed !== body;
    if (isFilled) setBody(completed);
    const parts = { mode, token: token.trim(), values, body: completed };
    const answer = await send(prepareRequest(operation, location.origin, parts));
    setSent({ operation, parts, answer, isFilled });
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const found = problemOf(operation, { token, values, body }, texts);
    setProblem(found);
    if (found !== undefined) return;
    setSending(true);
    void sendEntered().finally(() => setSending(false));
  };
  // The token stays: it is the reader's, not the request's.
  const clear = (): void => {
    setMode('bearer');
    setValues(defaultValues(operation));
    setBody(exampleBody(operation, document));
    setProblem(undefined);
    setSent(undefined);
  };

  return (
    <Paper withBorder p="lg" component="section" aria-label={texts.tryIt} className={classes['tryIt']}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <Title order={2} size="h4">
            {texts.tryIt}
          </Title>
          {needsAuthentication(operation) && (
            <AuthenticationFields mode={mode} onMode={setMode} token={token} onToken={setToken} />
          )}
          <ParameterFields
            parameters={operation.parameters}
            values={values}
            onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
          />
          <BodyField
            operation={operation}
            body={body}
            onChange={setBody}
            onReset={() => setBody(exampleBody(operation, document))}
          />
          {problem !== undefined && (
            <Alert color="orange" role="alert">
              {problem}
            </Alert>
          )}
          <Group justify="space-between">
            <Button
              type="submit"
              loading={isSending}
              leftSection={<IconPlayerPlay size={16} />}
              disabled={hasForm(operation)}
            >
              {texts.send}
            </Button>
            <Button variant="subtle" color="gray" onClick={clear}>
              {texts.clear}
            </Button>
          </Group>
          {sent !== undefined && <AnswerView sent={sent} />}
        </Stack>
      </form>
    </Paper>
  );
}
