/** One version of a worker: its files, and what changed since another version. */
import { Button, Tabs } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { packageAddress } from '../../../api/worker-versions.ts';
import { descriptionQuery } from '../../../api/workers.ts';
import { AnchorLink } from '../../../components/links.tsx';
import { PageHeader } from '../../../components/page-header.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { VersionChanges } from './version-changes.tsx';
import { VersionFiles } from './version-files.tsx';

const route = getRouteApi('/frame/signed-in/workers/$workerId/versions/$version');

export function VersionPage(): ReactNode {
  const { workerId, version } = route.useParams();
  const { view = 'files', file, since } = route.useSearch();
  const navigate = route.useNavigate();
  const { files: texts, versions } = useTexts();
  const { data: described } = useQuery(descriptionQuery(workerId));
  const name = described?.title ?? workerId;
  return (
    <div>
      <PageHeader
        title={texts.versionTitle(version)}
        tabTitle={`${name} ${version}`}
        description={
          <AnchorLink
            to="/workers/$workerId"
            params={{ workerId }}
            search={{ tab: 'versions', version }}
            size="sm"
          >
            {texts.backTo(name)}
          </AnchorLink>
        }
        actions={
          <Button
            component="a"
            href={packageAddress(workerId, version)}
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            {versions.download}
          </Button>
        }
      />
      <Tabs
        value={view}
        keepMounted={false}
        onChange={(next) =>
          void navigate({ search: next === 'changes' ? { view: 'changes' } : {}, replace: true })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="files">{texts.title}</Tabs.Tab>
          <Tabs.Tab value="changes">{texts.changesTab}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="files">
          <VersionFiles
            workerId={workerId}
            version={version}
            file={file}
            onOpen={(next) => void navigate({ search: { file: next }, replace: true })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="changes">
          <VersionChanges
            workerId={workerId}
            version={version}
            since={since}
            file={file}
            onSearch={(next) => void navigate({ search: { view: 'changes', ...next }, replace: true })}
          />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
