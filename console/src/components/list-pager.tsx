/** Below a list: the number of items, the current page and the page size. */
import { Group, Pagination, Select, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { pageSizes } from '../api/paging.ts';
import { useLanguage, useTexts } from '../texts/texts.tsx';
import { formatCount } from './figures.ts';

interface ListPagerProps {
  readonly count: number;
  /** Whether `count` is all there are; true if omitted. */
  readonly isExact?: boolean;
  readonly page: number;
  readonly size: number;
  readonly onPage: (page: number) => void;
  /** Called when the reader chooses a page size; without it there is no choice. */
  readonly onSize?: (size: number) => void;
}

export function ListPager({ count, isExact = true, page, size, onPage, onSize }: ListPagerProps): ReactNode {
  const { lists: texts } = useTexts();
  const { language } = useLanguage();
  const counted = Math.max(1, Math.ceil(count / size));
  const pages = isExact ? counted : Math.max(counted, page + 1);
  return (
    <Group justify="space-between" mt="md" gap="sm">
      <Text size="sm" c="dimmed" aria-live="polite">
        {texts.count(`${formatCount(count, language)}${isExact ? '' : '+'}`)}
      </Text>
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={onPage}
          size="sm"
          siblings={1}
          getControlProps={(control) => ({ 'aria-label': texts.pageControls[control] })}
          getItemProps={(item) => ({ 'aria-label': texts.page(item) })}
        />
      )}
      {onSize !== undefined && count > pageSizes[0] && (
        <Select
          aria-label={texts.pageSize}
          size="xs"
          w={130}
          data={pageSizes.map((value) => ({ value: String(value), label: texts.perPage(value) }))}
          value={String(size)}
          allowDeselect={false}
          onChange={(value) => onSize(Number(value))}
        />
      )}
    </Group>
  );
}
