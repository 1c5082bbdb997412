/** The account's own workers. */
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { WorkerList } from './worker-list.tsx';

const route = getRouteApi('/frame/signed-in/workers');

export function OwnWorkersPage(): ReactNode {
  const navigate = route.useNavigate();
  return (
    <WorkerList
      scope="own"
      search={route.useSearch()}
      onSearch={(search) => void navigate({ search, replace: true })}
    />
  );
}
