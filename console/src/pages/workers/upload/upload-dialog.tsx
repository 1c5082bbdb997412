/** Publishes a package as a new worker or a new version, then opens the page that shows the result. */
import { Accordion, Tabs } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PublishedVersion } from '../../../api/publishing.ts';
import { Dialog } from '../../../components/dialog.tsx';
import { TemplateDownloads } from '../../../components/template-downloads.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { GitForm } from './git-form.tsx';
import type { PackageSource } from './package-source.ts';
import { ZipForm } from './zip-form.tsx';

interface UploadDialogProps {
  /** The worker that gets a new version; undefined for a new worker. */
  readonly workerId: string | undefined;
  /** A package that was dropped already. */
  readonly source?: PackageSource | undefined;
  readonly onClose: () => void;
}

export function UploadDialog({ workerId, source, onClose }: UploadDialogProps): ReactNode {
  const { workers: texts, templates } = useTexts();
  const navigate = useNavigate();
  const onPublished = ({ path, version }: PublishedVersion): void => {
    onClose();
    void navigate({
      to: '/workers/$workerId',
      params: { workerId: path },
      search: { tab: 'versions', version },
    });
  };
  const forms = { workerId, onClose, onPublished };
  const title = workerId === undefined ? texts.uploadTitle : texts.uploadVersionTitle;
  return (
    <Dialog onClose={onClose} title={title} size="lg">
      <Tabs defaultValue="zip" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="zip">{texts.fromFiles}</Tabs.Tab>
          <Tabs.Tab value="git">{texts.fromGit}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="zip">
          <ZipForm {...forms} source={source} />
        </Tabs.Panel>
        <Tabs.Panel value="git">
          <GitForm {...forms} />
        </Tabs.Panel>
      </Tabs>
      <Accordion mt="md" chevronPosition="left" variant="contained">
        <Accordion.Item value="templates">
          <Accordion.Control>{templates.title}</Accordion.Control>
          <Accordion.Panel>
            <TemplateDownloads />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Dialog>
  );
}
