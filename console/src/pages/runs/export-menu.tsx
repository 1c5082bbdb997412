/** Downloads all rows of a run, in any of the formats. */
import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { exportFormats, useExport, type ExportFormat } from '../../api/runs.ts';
import { useTexts } from '../../texts/texts.tsx';

/** The link names the file itself, so following it leaves the page where it is. */
function download(url: string): void {
  const { pathname, search } = new URL(url);
  const anchor = document.createElement('a');
  anchor.href = `${pathname}${search}`;
  anchor.download = '';
  anchor.click();
}

export function ExportMenu({
  slug,
  isEmpty,
}: {
  readonly slug: string;
  readonly isEmpty: boolean;
}): ReactNode {
  const { runs: texts } = useTexts();
  const makeFile = useExport(slug);
  const start = (format: ExportFormat): void => {
    makeFile.mutate(
      { format, keys: [] },
      {
        onSuccess: ({ download_url: url }) => download(url),
        onError: ({ message }) => notifications.show({ color: 'red', message }),
      },
    );
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          disabled={isEmpty}
          loading={makeFile.isPending}
        >
          {texts.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {exportFormats.map((format) => (
          <Menu.Item key={format} onClick={() => start(format)} aria-label={texts.exportAs(format)}>
            {format}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
