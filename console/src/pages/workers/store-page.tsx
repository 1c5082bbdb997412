import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { WorkerList } from './worker-list.tsx';

const route = getRouteApi('/frame/store');

export function StorePage(): ReactNode {
  const navigate = route.useNavigate();
  return (
    <WorkerList
      scope="store"
      search={route.useSearch()}
      onSearch={(search) => void navigate({ search, replace: true })}
    />
  );
}
