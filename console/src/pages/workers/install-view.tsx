/** The installation of a version's dependencies, with its live log. */
import { Alert, Badge, Button, Group, Loader, Paper, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode } from 'react';
import {
  installLogQuery,
  isInstalling,
  useInstall,
  type Installation,
  type InstallStatus,
} from '../../api/worker-versions.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import classes from './install-view.module.css';

const colors: Readonly<Record<InstallStatus, string>> = {
  none: 'gray',
  waiting: 'gray',
  installing: 'blue',
  installed: 'teal',
  failed: 'red',
};

export function InstallBadge({ install }: { readonly install: Installation }): ReactNode {
  const { versions: texts } = useTexts();
  const color = colors[install.status];
  return (
    <Badge
      color={color}
      variant="light"
      radius="sm"
      leftSection={install.status === 'installing' && <Loader size={10} color={color} aria-hidden />}
    >
      {texts.installStatus[install.status]}
    </Badge>
  );
}

export function InstallView({
  workerId,
  version,
}: {
  readonly workerId: string;
  readonly version: string;
}): ReactNode {
  const { versions: texts } = useTexts();
  const frame = useRef<HTMLElement>(null);
  const { data: log, error, refetch } = useQuery(installLogQuery(workerId, version));
  const install = useInstall(workerId, version);
  const isLive = log !== undefined && isInstalling(log);
  // Scrolls to the end after every update, which is every second while it is live.
  useEffect(() => {
    if (isLive && frame.current !== null) frame.current.scrollTop = frame.current.scrollHeight;
  });
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (log === undefined) return <Loader size="sm" />;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Group gap="xs" component="output">
          <Text size="sm" fw={600} component="span">
            {texts.installation}
          </Text>
          <InstallBadge install={log} />
          {log.finished_at > 0 && log.started_at > 0 && (
            <Text size="xs" c="dimmed" component="span">
              {texts.took(log.finished_at - log.started_at)}
            </Text>
          )}
        </Group>
        {log.status === 'failed' && (
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<IconRefresh size={14} />}
            loading={install.isPending}
            onClick={() => install.mutate()}
          >
            {texts.installAgain}
          </Button>
        )}
      </Group>
      {install.error !== null && <ErrorNotice error={install.error} />}
      {log.status === 'none' && (
        <Text size="sm" c="dimmed">
          {texts.nothingToInstall}
        </Text>
      )}
      {log.status === 'waiting' && (
        <Text size="sm" c="dimmed">
          {texts.waitsForRunner}
        </Text>
      )}
      {log.status === 'failed' && (
        <Alert color="red" title={texts.installFailed}>
          {log.err_msg}
        </Alert>
      )}
      {log.lines.length > 0 && (
        <Paper withBorder>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
          <section ref={frame} className={classes['log']} tabIndex={0} aria-label={texts.installLog}>
            {log.lines.map(({ number, content }) => (
              <div key={number}>{content}</div>
            ))}
          </section>
        </Paper>
      )}
      {log.is_truncated && (
        <Text size="xs" c="dimmed">
          {texts.logTruncated}
        </Text>
      )}
    </Stack>
  );
}
