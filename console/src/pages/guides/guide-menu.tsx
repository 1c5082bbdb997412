/** The menu of guides. */
import { Group, Select } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Guide, GuideGroup } from '../../api/guides.ts';
import { AnchorLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';

/** Guides by group, in order. */
export function guidesByGroup(guides: readonly Guide[]): [GuideGroup, readonly Guide[]][] {
  return [...Map.groupBy(guides, ({ group }) => group)];
}

export function GuideMenu({
  guides,
  current,
}: {
  readonly guides: readonly Guide[];
  readonly current: string;
}): ReactNode {
  const { guides: texts, common } = useTexts();
  const navigate = useNavigate();
  const data = guidesByGroup(guides).map(([group, items]) => ({
    group: texts.groups[group],
    items: items.map(({ name, title }) => ({ value: name, label: title })),
  }));
  return (
    <Group gap="sm" wrap="nowrap" flex={1} miw={240}>
      <AnchorLink to="/docs" size="sm">
        {common.docs}
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
        aria-label={texts.choose}
        onChange={(name) => {
          if (name !== null) void navigate({ to: '/docs/$guide', params: { guide: name } });
        }}
      />
    </Group>
  );
}
