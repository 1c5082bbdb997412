/** A picture in a cell: a thumbnail that opens. The whole picture is loaded once its row is visible. */
import { Skeleton, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { pictureAddress } from '../../../../../src/results/pictures.ts';
import { rowQuery } from '../../../api/run-results.ts';
import { Dialog } from '../../../components/dialog.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import classes from './result-grid.module.css';

/** Location of a value of which the table has only the start. */
export interface WholeValue {
  readonly slug: string;
  /** Number of the row, from 1. */
  readonly number: number;
  readonly key: string;
}

interface PictureCellProps {
  readonly label: string;
  /** Address of the picture: a path, or a data URL, or its start if the table has only that. */
  readonly address: string;
  readonly whole: WholeValue | undefined;
}

export function PictureCell({ label, address, whole }: PictureCellProps): ReactNode {
  const { run: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  const { slug = '', number = 1, key = '' } = whole ?? {};
  const { data: row } = useQuery({ ...rowQuery(slug, number), enabled: whole !== undefined });
  const text = row?.[key];
  const loaded = typeof text === 'string' ? pictureAddress(text) : undefined;
  const source = whole === undefined ? address : loaded;
  if (source === undefined)
    return <Skeleton display="inline-block" h={26} w={42} className={classes['picture']} />;
  return (
    <>
      <UnstyledButton aria-label={texts.openPicture(label)} onClick={open} className={classes['thumbnail']}>
        <img className={classes['picture']} src={source} alt={label} loading="lazy" decoding="async" />
      </UnstyledButton>
      {isOpen && (
        <Dialog onClose={close} title={label} size="auto">
          <img className={classes['opened']} src={source} alt={label} />
        </Dialog>
      )}
    </>
  );
}
