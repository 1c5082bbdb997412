/** Says above the form why the current version cannot run, or why a newer one is not current. */
import { Alert, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { isInstalling, type WorkerVersion } from '../../api/worker-versions.ts';
import { AnchorLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface VersionNoticeProps {
  readonly workerId: string;
  /** Newest first. */
  readonly versions: readonly WorkerVersion[];
}

export function VersionNotice({ workerId, versions }: VersionNoticeProps): ReactNode {
  const { versions: texts } = useTexts();
  const current = versions.find((version) => version.is_current);
  const awaited = versions.find((version) => version.becomes_current);
  if (current === undefined) return null;
  const link = (version: string): ReactNode => (
    <AnchorLink to="/workers/$workerId" params={{ workerId }} search={{ tab: 'versions', version }} size="sm">
      {texts.show}
    </AnchorLink>
  );
  if (current.install.status === 'failed') {
    return (
      <Alert color="red" icon={<IconAlertTriangle />} title={texts.currentCannotRun(current.version)}>
        <Stack gap={4} align="flex-start">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {current.install.err_msg}
          </Text>
          {link(current.version)}
        </Stack>
      </Alert>
    );
  }
  if (awaited === undefined) return null;
  const isWaiting = isInstalling(awaited.install);
  return (
    <Alert
      color={isWaiting ? 'blue' : 'yellow'}
      icon={isWaiting ? <IconInfoCircle /> : <IconAlertTriangle />}
      title={
        isWaiting
          ? texts.awaitedInstalls(awaited.version, current.version)
          : texts.awaitedFailed(awaited.version, current.version)
      }
    >
      {link(awaited.version)}
    </Alert>
  );
}
