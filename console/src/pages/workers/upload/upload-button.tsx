import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconUpload } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTexts } from '../../../texts/texts.tsx';
import { UploadDialog } from './upload-dialog.tsx';

/** @param props.workerId the worker that gets a new version; undefined for a new worker */
export function UploadButton({ workerId }: { readonly workerId: string | undefined }): ReactNode {
  const { workers: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  const isNew = workerId === undefined;
  return (
    <>
      <Button leftSection={<IconUpload size={16} />} variant="default" onClick={open}>
        {isNew ? texts.upload : texts.uploadVersion}
      </Button>
      {isOpen && <UploadDialog workerId={workerId} onClose={close} />}
    </>
  );
}
