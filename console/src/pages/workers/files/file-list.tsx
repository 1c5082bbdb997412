/** The files of a package as a tree. One of them is open. */
import { UnstyledButton } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import classes from './file-list.module.css';
import { treeOf, type Folder } from './file-tree.ts';

export interface ListedFile {
  readonly path: string;
  /** Shown after the name. */
  readonly mark?: ReactNode;
}

interface FileListProps {
  readonly files: readonly ListedFile[];
  /** Path of the open file. */
  readonly open: string | undefined;
  /** Names the list for screen readers. */
  readonly label: string;
  readonly onOpen: (path: string) => void;
}

function FolderItems({
  folder,
  open,
  onOpen,
}: Omit<FileListProps, 'files' | 'label'> & { readonly folder: Folder<ListedFile> }): ReactNode {
  return (
    <ul className={classes['list']}>
      {folder.folders.map((inner) => (
        <li key={inner.name}>
          <div className={classes['folder']}>{inner.name}/</div>
          <FolderItems folder={inner} open={open} onOpen={onOpen} />
        </li>
      ))}
      {folder.files.map(({ name, file }) => (
        <li key={name}>
          <UnstyledButton
            className={classes['file']}
            aria-current={file.path === open}
            onClick={() => onOpen(file.path)}
          >
            <span className={classes['name']}>{name}</span>
            {file.mark}
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}

export function FileList({ files, label, ...props }: FileListProps): ReactNode {
  const tree = useMemo(() => treeOf(files), [files]);
  return (
    <nav aria-label={label} className={classes['frame']}>
      <FolderItems folder={tree} {...props} />
    </nav>
  );
}
