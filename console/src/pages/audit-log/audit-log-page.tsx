/** The audit log: of all accounts for administrators, of the own account for others. The URL holds filters and page. */
import { Button, Paper, Select, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { auditActions, auditLogQuery, type AuditEntry } from '../../api/audit-log.ts';
import { useSession } from '../../api/session.ts';
import { dayStart } from '../../components/days.ts';
import { DayFilter } from '../../components/day-filter.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import classes from '../../components/filters.module.css';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { SearchField } from '../../components/search-field.tsx';
import type { AuditSearch } from '../../search.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { detailsText } from './details-text.ts';

const route = getRouteApi('/frame/signed-in/audit-log');

function EntryLine({
  entry,
  hasAccount,
}: {
  readonly entry: AuditEntry;
  readonly hasAccount: boolean;
}): ReactNode {
  const { auditLog: texts } = useTexts();
  const { language } = useLanguage();
  const details = detailsText(entry.details, texts, language);
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Moment seconds={entry.at} />
      </Table.Td>
      <Table.Td>{texts.actions[entry.action]}</Table.Td>
      {hasAccount && <Table.Td>{entry.account}</Table.Td>}
      <Table.Td>
        {entry.actor === '' ? texts.platform : entry.actor}
        {entry.api_key !== '' && (
          <Text size="xs" c="dimmed">
            {texts.withKey(entry.api_key)}
          </Text>
        )}
      </Table.Td>
      <Table.Td maw={280} style={{ overflowWrap: 'anywhere' }}>
        {entry.subject}
      </Table.Td>
      <Table.Td maw={360}>
        {details !== '' && (
          <Text size="sm" lineClamp={2} title={details} style={{ overflowWrap: 'anywhere' }}>
            {details}
          </Text>
        )}
        {entry.request_id !== '' && (
          <Text size="xs" c="dimmed" truncate title={texts.request(entry.request_id)}>
            {texts.request(entry.request_id)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

interface EntryTableProps {
  readonly entries: readonly AuditEntry[];
  readonly hasAccount: boolean;
}

function EntryTable({ entries, hasAccount }: EntryTableProps): ReactNode {
  const { auditLog: texts } = useTexts();
  return (
    <Scroller label={texts.title} isFullHeight>
      <Table verticalSpacing="xs" miw={880}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.at}</Table.Th>
            <Table.Th>{texts.action}</Table.Th>
            {hasAccount && <Table.Th>{texts.account}</Table.Th>}
            <Table.Th>{texts.actor}</Table.Th>
            <Table.Th>{texts.subject}</Table.Th>
            <Table.Th>{texts.details}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <EntryLine key={entry.id} entry={entry} hasAccount={hasAccount} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}

interface FiltersProps {
  readonly search: AuditSearch;
  readonly hasAccount: boolean;
  readonly isFiltered: boolean;
  readonly onChange: (changes: AuditSearch) => void;
}

function Filters({ search, hasAccount, isFiltered, onChange }: FiltersProps): ReactNode {
  const { auditLog: texts, lists } = useTexts();
  return (
    <div className={classes['filters']}>
      {hasAccount && (
        <div className={classes['search']}>
          <SearchField
            label={texts.searchAccount}
            value={search.account ?? ''}
            onSearch={(next) => onChange({ account: next.trim() || undefined })}
          />
        </div>
      )}
      <Select
        aria-label={texts.action}
        placeholder={texts.anyAction}
        className={classes['filter']}
        data={auditActions.map((action) => ({ value: action, label: texts.actions[action] }))}
        value={search.action ?? null}
        searchable
        clearable
        maxDropdownHeight={420}
        onChange={(next) => onChange({ action: auditActions.find((known) => known === next) })}
      />
      <DayFilter label={lists.from} value={search.from} onChange={(from) => onChange({ from })} />
      <DayFilter label={lists.to} value={search.to} onChange={(to) => onChange({ to })} />
      {isFiltered && (
        <Button
          variant="subtle"
          size="xs"
          onClick={() => onChange({ action: undefined, account: undefined, from: undefined, to: undefined })}
        >
          {lists.clear}
        </Button>
      )}
    </div>
  );
}

export function AuditLogPage(): ReactNode {
  const { auditLog: texts, lists } = useTexts();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const isAdmin = useSession()?.account.is_admin === true;
  const { action, account, from, to, page = 1, size = 20 } = search;
  const { data, error, refetch } = useQuery(
    auditLogQuery({ action, account, from: dayStart(from), before: dayStart(to, 1), page, size }),
  );
  const isFiltered = [action, account, from, to].some((value) => value !== undefined);
  /** A new filter starts on page 1. */
  const change = (changes: AuditSearch): void =>
    void navigate({ search: (before) => ({ ...before, page: undefined, ...changes }), replace: true });
  return (
    <div>
      <PageHeader title={texts.title} description={isAdmin ? texts.textAll : texts.textOwn} />
      <Stack>
        <Filters search={search} hasAccount={isAdmin} isFiltered={isFiltered} onChange={change} />
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        <Paper withBorder p="md">
          {data === undefined && error === null && <Skeleton h={360} />}
          {data?.count === 0 && <EmptyState title={isFiltered ? lists.noMatch : texts.empty} />}
          {data !== undefined && data.count > 0 && (
            <>
              <EntryTable entries={data.list} hasAccount={isAdmin} />
              <ListPager
                count={data.count}
                page={page}
                size={size}
                onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
                onSize={(next) => change({ size: next })}
              />
            </>
          )}
        </Paper>
      </Stack>
    </div>
  );
}
