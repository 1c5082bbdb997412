/** The HTTP statuses that an operation answers, with the application codes in their envelopes. */
import { Badge, Code, Group, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Operation } from '../../../../src/documentation/api-document.ts';
import { responseMeanings } from '../../../../src/documentation/operation-texts.ts';
import { useTexts } from '../../texts/texts.tsx';

export function statusColor(status: number): string {
  if (status >= 500) return 'red';
  if (status >= 400) return 'orange';
  return 'teal';
}

export function ResponseTable({ operation }: { readonly operation: Operation }): ReactNode {
  const { reference: texts } = useTexts();
  return (
    <Table verticalSpacing="xs" aria-label={texts.responses}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{texts.status}</Table.Th>
          <Table.Th>{texts.codes}</Table.Th>
          <Table.Th>{texts.meaning}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {responseMeanings(operation, texts.success).map(({ status, code, meaning }) => (
          <Table.Tr key={`${status} ${code} ${meaning}`}>
            <Table.Td>
              <Badge variant="light" color={statusColor(Number(status))} radius="sm">
                {status}
              </Badge>
            </Table.Td>
            <Table.Td>{code !== '' && <Code>{code}</Code>}</Table.Td>
            <Table.Td>
              <Group gap={4}>{meaning}</Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
