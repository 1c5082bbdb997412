/** The menu of operations: a field that finds them by name and path. */
import { Group, Select } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ApiDocument } from '../../../../src/documentation/api-document.ts';
import { AnchorLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';

export function OperationMenu({
  document,
  current,
}: {
  readonly document: ApiDocument;
  readonly current: string;
}): ReactNode {
  const { reference: texts } = useTexts();
  const navigate = useNavigate();
  const data = document.tags
    .map(({ name }) => ({
      group: name,
      items: document.operations
        .filter(({ tags }) => tags.includes(name))
        .map(({ operationId, summary, method, path }) => ({
          value: operationId,
          label: `${summary} · ${method} ${path.replace('/api/v2', '')}`,
        })),
    }))
    .filter(({ items }) => items.length > 0);
  return (
    <Group mb="md" gap="sm" wrap="nowrap">
      <AnchorLink to="/docs/api" size="sm" style={{ whiteSpace: 'nowrap' }}>
        {texts.title}
      </AnchorLink>
      <Select
        data={data}
        value={current}
        searchable
        size="xs"
        flex={1}
        maw={520}
        maxDropdownHeight={420}
        nothingFoundMessage={texts.nothingFound}
        aria-label={texts.searchPlaceholder}
        onChange={(operationId) => {
          if (operationId !== null) void navigate({ to: '/docs/api/$operationId', params: { operationId } });
        }}
      />
    </Group>
  );
}
