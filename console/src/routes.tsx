/** The addresses of the console. Every page is loaded when it is first opened. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { runStatuses, type RunStatus } from './api/runs.ts';
import { sessionQuery } from './api/session.ts';
import { workerPageSearch } from './pages/workers/worker-search.ts';
import { ErrorPage } from './shell/error-page.tsx';
import { NotFoundPage } from './shell/not-found-page.tsx';
import { Shell } from './shell/shell.tsx';

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  notFoundComponent: NotFoundPage,
});

/** Pages with the frame: navigation and header. */
const frameRoute = createRoute({ getParentRoute: () => rootRoute, id: 'frame', component: Shell });

/** Pages of the frame that only those who are signed in may see; others sign in first and come back. */
const signedInRoute = createRoute({
  getParentRoute: () => frameRoute,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery);
    if (session === null) {
      // oxlint-disable-next-line typescript/only-throw-error -- the router's way to go elsewhere
      throw redirect({ to: '/sign-in', search: { next: location.href } });
    }
  },
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search): { next?: string } =>
    typeof search['next'] === 'string' ? { next: search['next'] } : {},
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in-page.tsx'), 'SignInPage'),
});

const homeRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  beforeLoad: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- the router's way to go elsewhere
    throw redirect({ to: '/runs' });
  },
});

function pageNumber(value: unknown): { page?: number } {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 1 ? { page: number } : {};
}

function listSearch(search: Record<string, unknown>): { keyword?: string; page?: number } {
  const keyword = typeof search['keyword'] === 'string' ? { keyword: search['keyword'] } : {};
  return { ...keyword, ...pageNumber(search['page']) };
}

function workerListSearch(search: Record<string, unknown>): {
  keyword?: string;
  category?: number;
  page?: number;
} {
  const category = Number(search['category']);
  const isCategory = Number.isSafeInteger(category) && category > 0;
  return { ...listSearch(search), ...(isCategory && { category }) };
}

const storeRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/store',
  validateSearch: workerListSearch,
  component: lazyRouteComponent(() => import('./pages/workers/store-page.tsx'), 'StorePage'),
});

const workersRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/workers',
  validateSearch: workerListSearch,
  component: lazyRouteComponent(() => import('./pages/workers/own-workers-page.tsx'), 'OwnWorkersPage'),
});

const workerRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/workers/$workerId',
  validateSearch: workerPageSearch,
  component: lazyRouteComponent(() => import('./pages/workers/worker-page.tsx'), 'WorkerPage'),
});

const tasksRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/tasks',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./pages/tasks/tasks-page.tsx'), 'TasksPage'),
});

const runsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/runs',
  validateSearch: (search): { status?: RunStatus; page?: number } => {
    const status = runStatuses.find((value) => value === search['status']);
    return { ...(status !== undefined && { status }), ...pageNumber(search['page']) };
  },
  component: lazyRouteComponent(() => import('./pages/runs/runs-page.tsx'), 'RunsPage'),
});

const runRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/runs/$runId',
  validateSearch: ({ tab }): { tab?: 'log' } => (tab === 'log' ? { tab } : {}),
  component: lazyRouteComponent(() => import('./pages/runs/run-page.tsx'), 'RunPage'),
});

const accountRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account/account-page.tsx'), 'AccountPage'),
});

const referenceRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/docs/api',
  component: lazyRouteComponent(() => import('./pages/reference/reference-page.tsx'), 'ReferencePage'),
});

const operationRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/docs/api/$operationId',
  component: lazyRouteComponent(() => import('./pages/reference/operation-page.tsx'), 'OperationPage'),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  frameRoute.addChildren([
    storeRoute,
    referenceRoute,
    operationRoute,
    signedInRoute.addChildren([
      homeRoute,
      workersRoute,
      workerRoute,
      runsRoute,
      runRoute,
      tasksRoute,
      accountRoute,
    ]),
  ]),
]);

export function createConsoleRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultErrorComponent: ErrorPage,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
