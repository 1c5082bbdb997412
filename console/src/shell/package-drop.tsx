/** Uploads a package that is dropped anywhere in the console: as a version of the own worker whose page is open, else as a new one. */
import { notifications } from '@mantine/notifications';
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useMatchRoute } from '@tanstack/react-router';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useSession, type Session } from '../api/session.ts';
import { workerQuery } from '../api/workers.ts';
import { DropTarget } from '../pages/workers/upload/drop-target.tsx';
import { droppedPackage, type PackageSource } from '../pages/workers/upload/package-source.ts';
import { useTexts } from '../texts/texts.tsx';

const UploadDialog = lazy(async () => ({
  default: (await import('../pages/workers/upload/upload-dialog.tsx')).UploadDialog,
}));

interface Dropped {
  readonly source: PackageSource;
  /** The worker that gets a new version; undefined for a new worker. */
  readonly workerId: string | undefined;
}

function isOwn(workerId: string, session: Session, client: QueryClient): boolean {
  return client.getQueryData(workerQuery(workerId).queryKey)?.username === session.account.name;
}

function SignedInDrop({ session }: { readonly session: Session }): ReactNode {
  const { workers: texts } = useTexts();
  const client = useQueryClient();
  const matchRoute = useMatchRoute();
  const [dropped, setDropped] = useState<Dropped>();
  const drop = async (data: DataTransfer): Promise<void> => {
    const shown = matchRoute({ to: '/workers/$workerId' });
    try {
      const source = await droppedPackage(data);
      setDropped({
        source,
        workerId: shown !== false && isOwn(shown.workerId, session, client) ? shown.workerId : undefined,
      });
    } catch {
      notifications.show({ color: 'red', message: texts.noPackage });
    }
  };
  // An upload would leave the editor.
  const isEditing =
    matchRoute({ to: '/workers/new' }) !== false || matchRoute({ to: '/workers/$workerId/edit' }) !== false;
  if (isEditing) return null;
  return (
    <>
      <DropTarget onDrop={(data) => void drop(data)} />
      {dropped !== undefined && (
        <Suspense>
          <UploadDialog {...dropped} onClose={() => setDropped(undefined)} />
        </Suspense>
      )}
    </>
  );
}

export function PackageDrop(): ReactNode {
  const session = useSession();
  return session !== undefined && <SignedInDrop session={session} />;
}
