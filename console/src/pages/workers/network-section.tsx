/** The allow-list of an own worker, with proposals for it. */
import { Button, Group, Paper, Skeleton, Stack, Switch, Text, Textarea, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { workerNetworkQuery, type WorkerNetwork } from '../../api/worker-network.ts';
import { useChangeWorker } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatCount } from '../../components/figures.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

interface ProposalsProps {
  readonly network: WorkerNetwork;
  readonly onAdd: (hosts: readonly string[]) => void;
}

function Proposals({ network, onAdd }: ProposalsProps): ReactNode {
  const { workerNetwork: texts } = useTexts();
  const { language } = useLanguage();
  const { declared_hosts: declared, proposal } = network;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          disabled={proposal.hosts.length === 0}
          onClick={() => onAdd(proposal.hosts)}
        >
          {texts.fromRuns}
        </Button>
        {declared !== null && declared.length > 0 && (
          <Button variant="default" size="xs" onClick={() => onAdd(declared)}>
            {texts.fromPackage}
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {proposal.runs === 0 ? texts.noRuns : texts.runs(proposal.runs, formatCount(proposal.runs, language))}
        {proposal.is_complete ? '' : ` ${texts.notComplete}`}
      </Text>
    </Stack>
  );
}

interface FormProps {
  readonly workerId: string;
  readonly network: WorkerNetwork;
}

function AllowListForm({ workerId, network }: FormProps): ReactNode {
  const { workerNetwork: texts } = useTexts();
  const change = useChangeWorker(workerId);
  const [isLimited, setIsLimited] = useState(network.allowed_hosts !== null);
  const [text, setText] = useState((network.allowed_hosts ?? []).join('\n'));
  const add = (hosts: readonly string[]): void => {
    const lines = linesOf(text);
    setText([...lines, ...hosts.filter((host) => !lines.includes(host))].join('\n'));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // A callback of mutate() would end with this form, which the saved list replaces.
    void change.mutateAsync({ allowed_hosts: isLimited ? linesOf(text) : null }).then(
      () => notifications.show({ color: 'teal', message: texts.saved }),
      () => {
        // The form shows the error.
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {change.error !== null && <ErrorNotice error={change.error} />}
        <Switch
          label={texts.limited}
          description={texts.limitedHint}
          checked={isLimited}
          onChange={(event) => setIsLimited(event.currentTarget.checked)}
        />
        {isLimited && (
          <>
            <Textarea
              label={texts.hosts}
              description={texts.hostsHint}
              placeholder={'example.com\n*.example.com\n192.0.2.0/24\nexample.com:8443'}
              autosize
              minRows={4}
              maxRows={16}
              spellCheck={false}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            {linesOf(text).length === 0 && <Text size="sm">{texts.emptyList}</Text>}
            <Proposals network={network} onAdd={add} />
          </>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={change.isPending}>
            {texts.apply}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function NetworkSection({ workerId }: { readonly workerId: string }): ReactNode {
  const { workerNetwork: texts } = useTexts();
  const { data, error, refetch } = useQuery(workerNetworkQuery(workerId));
  return (
    <Paper withBorder p="lg">
      <Title order={2} size="h5" mb="sm">
        {texts.title}
      </Title>
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data !== undefined && (
        // A saved list is shown as the server has written it.
        <AllowListForm key={JSON.stringify(data.allowed_hosts)} workerId={workerId} network={data} />
      )}
      {data === undefined && error === null && <Skeleton h={60} />}
    </Paper>
  );
}
