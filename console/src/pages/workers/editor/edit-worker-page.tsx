/** Edits the files of the account's own worker. */
import { Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState, type ReactNode } from 'react';
import { descriptionQuery } from '../../../api/workers.ts';
import { versionFilesQuery, type VersionFileList } from '../../../api/version-files.ts';
import { PageError } from '../../../components/page-error.tsx';
import { AnchorLink } from '../../../components/links.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { dropEdit, editKey, readEdit, type EditBase } from './edit-draft.ts';
import { WorkerEditor } from './worker-editor.tsx';

const route = getRouteApi('/frame/signed-in/workers/$workerId/edit');

function baseOf({ version, newest_version: newest, package_hash: packageHash }: VersionFileList): EditBase {
  return { version, newest, packageHash };
}

function FilesEditor({
  workerId,
  listed,
  onBase,
}: {
  readonly workerId: string;
  readonly listed: VersionFileList;
  readonly onBase: (version: string) => void;
}): ReactNode {
  const { editor: texts } = useTexts();
  const client = useQueryClient();
  const { data: described } = useQuery(descriptionQuery(workerId));
  const paths = useMemo(() => listed.list.map(({ path }) => path), [listed]);
  const source = useMemo(
    () => ({ key: editKey(workerId), base: baseOf(listed), paths, title: '' }),
    [workerId, listed, paths],
  );
  const base = useMemo(
    () => ({ workerId, version: listed.version, paths }),
    [workerId, listed.version, paths],
  );
  return (
    <WorkerEditor
      source={source}
      texts={base}
      workerId={workerId}
      heading={texts.editTitle(described?.title ?? workerId)}
      description={
        <AnchorLink
          to="/workers/$workerId"
          params={{ workerId }}
          search={{ tab: 'versions', version: listed.version }}
          size="sm"
        >
          {texts.basedOn(listed.version)}
        </AnchorLink>
      }
      onBase={onBase}
      readNewest={async () => {
        const { newest_version: newest } = await client.fetchQuery({
          ...versionFilesQuery(workerId, listed.version),
          staleTime: 0,
        });
        return baseOf(await client.fetchQuery({ ...versionFilesQuery(workerId, newest), staleTime: 0 }));
      }}
    />
  );
}

export function EditWorkerPage(): ReactNode {
  const { workerId } = route.useParams();
  const [version, setVersion] = useState(() => readEdit(editKey(workerId))?.base?.version ?? 'latest');
  const { data, error, refetch, isFetchedAfterMount } = useQuery(versionFilesQuery(workerId, version));
  // What the cache has as the current version may be an older one.
  const isKnown = version !== 'latest' || isFetchedAfterMount;
  const retry = (): void => {
    // The version that was edited may be gone, with its worker.
    dropEdit(editKey(workerId));
    setVersion('latest');
    void refetch();
  };
  if (data !== undefined && isKnown)
    return <FilesEditor key={workerId} workerId={workerId} listed={data} onBase={setVersion} />;
  if (error !== null) return <PageError error={error} onRetry={retry} list="workers" />;
  return <Skeleton h="70vh" />;
}
