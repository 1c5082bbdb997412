/** The account's own workers. Dropping a package anywhere on the page publishes it as a new one. */
import { notifications } from '@mantine/notifications';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTexts } from '../../texts/texts.tsx';
import { DropTarget } from './upload/drop-target.tsx';
import { droppedPackage, type PackageSource } from './upload/package-source.ts';
import { UploadDialog } from './upload/upload-dialog.tsx';
import { WorkerList } from './worker-list.tsx';

const route = getRouteApi('/frame/signed-in/workers');

export function OwnWorkersPage(): ReactNode {
  const { workers: texts } = useTexts();
  const navigate = route.useNavigate();
  const [dropped, setDropped] = useState<PackageSource>();
  const drop = async (data: DataTransfer): Promise<void> => {
    try {
      setDropped(await droppedPackage(data));
    } catch {
      notifications.show({ color: 'red', message: texts.noPackage });
    }
  };
  return (
    <>
      <WorkerList
        scope="own"
        search={route.useSearch()}
        onSearch={(search) => void navigate({ search, replace: true })}
      />
      <DropTarget onDrop={(data) => void drop(data)} />
      {dropped !== undefined && (
        <UploadDialog workerId={undefined} source={dropped} onClose={() => setDropped(undefined)} />
      )}
    </>
  );
}
