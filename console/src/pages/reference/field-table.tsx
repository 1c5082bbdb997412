/** A table of fields or parameters: name, whether it is required, type with limits, description. */
import { Code, Table, Text } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import { typeOf } from '../../../../src/documentation/api-document.ts';
import type { FieldRow } from '../../../../src/documentation/operation-texts.ts';
import { InlineCode } from './inline-code.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useTexts } from '../../texts/texts.tsx';

/** A name that may be broken after its dots. */
function FieldName({ name }: { readonly name: string }): ReactNode {
  const parts = name.split(/(?<=\.)/);
  return (
    <Code>
      {parts.map((part, index) => (
        <Fragment key={parts.slice(0, index + 1).join('')}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </Code>
  );
}

export function FieldTable({
  rows,
  label,
}: {
  readonly rows: readonly FieldRow[];
  readonly label: string;
}): ReactNode {
  const { reference: texts } = useTexts();
  const hasRequired = rows.some(({ isRequired }) => isRequired !== undefined);
  return (
    <Scroller label={label} isFullHeight>
      <Table verticalSpacing="xs" miw={420} aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.name}</Table.Th>
            {hasRequired && <Table.Th>{texts.required}</Table.Th>}
            <Table.Th>{texts.type}</Table.Th>
            <Table.Th>{texts.description}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ name, schema, description, isRequired }) => (
            <Table.Tr key={name}>
              <Table.Td valign="top">
                <FieldName name={name} />
              </Table.Td>
              {hasRequired && <Table.Td valign="top">{isRequired === true ? texts.yes : texts.no}</Table.Td>}
              <Table.Td valign="top">
                <Text size="sm" c="dimmed">
                  {typeOf(schema)}
                </Text>
              </Table.Td>
              <Table.Td valign="top" miw={180}>
                <InlineCode text={description ?? ''} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}
