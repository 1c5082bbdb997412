/** The answer, and the request as a curl command. The token is masked on screen, but copied in full. */
import { Alert, Badge, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Operation } from '../../../../src/documentation/api-document.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { curlOf, prepareRequest, type RequestParts } from '../../../../src/documentation/request.ts';
import { statusColor } from './response-table.tsx';
import type { SentAnswer } from './send.ts';

export interface Sent {
  readonly operation: Operation;
  readonly parts: RequestParts;
  readonly answer: SentAnswer;
  /** Whether an empty input was filled with the worker's defaults. */
  readonly isFilled: boolean;
}

const mask = '••••••••';

export function AnswerView({ sent }: { readonly sent: Sent }): ReactNode {
  const { reference: texts } = useTexts();
  const { operation, parts, answer, isFilled } = sent;
  const curl = curlOf(prepareRequest(operation, location.origin, parts));
  const masked = parts.token === '' ? parts : { ...parts, token: mask };
  const shown = curlOf(prepareRequest(operation, location.origin, masked)).replaceAll(
    encodeURIComponent(mask),
    mask,
  );
  return (
    <Stack gap="sm" aria-live="polite">
      {isFilled && <Alert color="blue">{texts.filledFromSchema}</Alert>}
      {answer.status === 0 ? (
        <Alert color="red">{texts.noAnswer}</Alert>
      ) : (
        <>
          <Group gap="sm">
            <Badge color={statusColor(answer.status)} radius="sm" size="lg" variant="light">
              {answer.status}
            </Badge>
            <Text size="sm" c="dimmed">
              {texts.milliseconds(answer.milliseconds)}
            </Text>
          </Group>
          <CodeBlock code={answer.text === '' ? texts.emptyAnswer : answer.text} label={texts.response} />
        </>
      )}
      <Text size="sm" fw={500}>
        {texts.sentAs}
      </Text>
      <CodeBlock code={shown} copied={curl} copyLabel={texts.copyCurl} label={texts.sentAs} />
    </Stack>
  );
}
