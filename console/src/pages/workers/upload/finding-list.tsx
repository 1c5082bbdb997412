/** The findings of the package checks, by file and field. */
import { Code, List, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Finding } from '../../../api/worker-versions.ts';

/** Parses the API's messages into findings, such as `input_schema.json: property "a" has no type`. */
export function findingsOf(sentences: readonly string[]): Finding[] {
  return sentences.map((sentence) => {
    const [, file = '', message = sentence] = /^([^\s:]+\.\w+): (.*)$/s.exec(sentence) ?? [];
    return { file, message };
  });
}

export function FindingList({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  const files = Map.groupBy(findings, ({ file }) => file);
  return (
    <Stack gap="xs">
      {[...files].map(([file, found]) => (
        <div key={file}>
          {file !== '' && (
            <Text size="sm" fw={600} ff="monospace">
              {file}
            </Text>
          )}
          <List size="sm" spacing={2}>
            {found.map(({ field, message }) => (
              <List.Item key={`${field} ${message}`} style={{ overflowWrap: 'anywhere' }}>
                {field !== undefined && (
                  <>
                    <Code>{field}</Code>{' '}
                  </>
                )}
                {message}
              </List.Item>
            ))}
          </List>
        </div>
      ))}
    </Stack>
  );
}
