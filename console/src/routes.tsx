/** The routes of the console. Each page is loaded when it is first opened. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { auditActions } from './api/audit-log.ts';
import { templateNames, type TemplateName } from '../../src/templates/template-names.ts';
import { subtaskStatuses } from './api/run-parts.ts';
import { rowChanges } from './api/run-comparison.ts';
import { readRowQuery } from './api/row-queries.ts';
import { runStateFilters } from './api/run-states.ts';
import { origins, runTabs } from './api/runs.ts';
import { sessionQuery } from './api/session.ts';
import { overviewRanges, rangeNames, type OverviewRange } from './components/charts/time-range.ts';
import { pageSizes } from './api/paging.ts';
import { usageMetrics } from './api/statistics.ts';
import {
  taskTabs,
  type AuditSearch,
  type CompareSearch,
  type RunPageSearch,
  type RunSearch,
  type TaskPageSearch,
  type TaskSearch,
  type UsageSearch,
  type VersionPageSearch,
} from './search.ts';
import { workerPageSearch } from './pages/workers/worker-search.ts';
import { ErrorPage } from './shell/error-page.tsx';
import { NotFoundPage } from './shell/not-found-page.tsx';
import { Shell } from './shell/shell.tsx';

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  notFoundComponent: NotFoundPage,
});

/** Pages within the shell: navigation and header. */
const frameRoute = createRoute({ getParentRoute: () => rootRoute, id: 'frame', component: Shell });

/** Pages that require a session. Readers who are not signed in are sent to the sign-in page and back. */
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

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/sign-in/setup-page.tsx'), 'SetupPage'),
});

const forgotRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./pages/sign-in/forgot-page.tsx'), 'ForgotPage'),
});

const homeRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  validateSearch: (search): { range?: OverviewRange } => oneOf('range', overviewRanges, search),
  component: lazyRouteComponent(() => import('./pages/overview/overview-page.tsx'), 'OverviewPage'),
});

/** The value of a search parameter, if it is one of the choices. */
function oneOf<Name extends string, const Choice extends string | number>(
  name: Name,
  choices: readonly Choice[],
  search: Record<string, unknown>,
): { [key in Name]?: Choice } {
  const choice = choices.find((value) => value === search[name]);
  return (choice === undefined ? {} : { [name]: choice }) as { [key in Name]?: Choice };
}

/** A text search parameter. */
function textOf<Name extends string>(
  name: Name,
  search: Record<string, unknown>,
): { [key in Name]?: string } {
  const value = search[name];
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return (typeof text === 'string' && text !== '' ? { [name]: text } : {}) as { [key in Name]?: string };
}

/** Page, size and order of a list. */
function listOrder(search: Record<string, unknown>): { page?: number; size?: number; sort?: string } {
  return { ...pageNumber(search['page']), ...oneOf('size', pageSizes, search), ...textOf('sort', search) };
}

function dateOf<Name extends string>(
  name: Name,
  search: Record<string, unknown>,
): { [key in Name]?: string } {
  const text = String(search[name]);
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  return isDate ? textOf(name, search) : {};
}

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

const newWorkerRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/workers/new',
  validateSearch: (search): { template?: TemplateName; title?: string } => ({
    ...oneOf('template', templateNames, search),
    ...textOf('title', search),
  }),
  component: lazyRouteComponent(() => import('./pages/workers/editor/new-worker-page.tsx'), 'NewWorkerPage'),
});

const editWorkerRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/workers/$workerId/edit',
  component: lazyRouteComponent(
    () => import('./pages/workers/editor/edit-worker-page.tsx'),
    'EditWorkerPage',
  ),
});

const versionRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/workers/$workerId/versions/$version',
  validateSearch: (search): VersionPageSearch => ({
    ...oneOf('view', ['changes'], search),
    ...textOf('since', search),
    ...textOf('file', search),
  }),
  component: lazyRouteComponent(() => import('./pages/workers/files/version-page.tsx'), 'VersionPage'),
});

const compareRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/runs/$runId/compare',
  validateSearch: (search): CompareSearch => ({
    ...textOf('with', search),
    ...textOf('key', search),
    ...oneOf('change', rowChanges, search),
    ...pageNumber(search['page']),
  }),
  component: lazyRouteComponent(() => import('./pages/runs/compare/compare-page.tsx'), 'ComparePage'),
});

const tasksRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/tasks',
  validateSearch: (search): TaskSearch => ({
    ...textOf('keyword', search),
    ...textOf('worker', search),
    ...oneOf('schedule', ['on', 'off'], search),
    ...listOrder(search),
  }),
  component: lazyRouteComponent(() => import('./pages/tasks/tasks-page.tsx'), 'TasksPage'),
});

const taskRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/tasks/$taskId',
  validateSearch: (search): TaskPageSearch => ({
    ...oneOf('tab', taskTabs, search),
    ...pageNumber(search['page']),
  }),
  component: lazyRouteComponent(() => import('./pages/tasks/task-page.tsx'), 'TaskPage'),
});

const runsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/runs',
  validateSearch: (search): RunSearch => ({
    ...textOf('keyword', search),
    ...textOf('worker', search),
    ...textOf('task', search),
    ...oneOf('status', runStateFilters, search),
    ...oneOf('origin', origins, search),
    ...textOf('label', search),
    ...(search['pinned'] === true && { pinned: true as const }),
    ...dateOf('from', search),
    ...dateOf('to', search),
    ...listOrder(search),
  }),
  component: lazyRouteComponent(() => import('./pages/runs/runs-page.tsx'), 'RunsPage'),
});

const queueRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/queue',
  validateSearch: (search): { tab?: 'waiting' | 'inactive'; page?: number; size?: number } => ({
    ...oneOf('tab', ['waiting', 'inactive'], search),
    ...pageNumber(search['page']),
    ...oneOf('size', pageSizes, search),
  }),
  component: lazyRouteComponent(() => import('./pages/queue/queue-page.tsx'), 'QueuePage'),
});

const schedulesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/schedules',
  // Number of weeks from now.
  validateSearch: (search): { week?: number } => oneOf('week', [1, 2, 3, 4, 5, 6, 7], search),
  component: lazyRouteComponent(() => import('./pages/schedules/schedules-page.tsx'), 'SchedulesPage'),
});

const usageRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/usage',
  validateSearch: (search): UsageSearch => ({
    ...oneOf('range', rangeNames, search),
    ...oneOf('metric', usageMetrics, search),
    ...textOf('worker', search),
    ...listOrder(search),
  }),
  component: lazyRouteComponent(() => import('./pages/usage/usage-page.tsx'), 'UsagePage'),
});

const systemRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/system/system-page.tsx'), 'SystemPage'),
});

const runRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/runs/$runId',
  validateSearch: ({ tab, subtask, status, find, row, ...rows }): RunPageSearch => {
    const known = runTabs.find((value) => value === tab && value !== 'results');
    const number = Number(subtask);
    const opened = Number(row);
    const subtaskStatus = subtaskStatuses.find((value) => value === status);
    return {
      ...readRowQuery(rows),
      ...(Number.isSafeInteger(opened) && opened > 0 && { row: opened }),
      ...(known !== undefined && { tab: known }),
      ...(Number.isSafeInteger(number) && number > 0 && { subtask: number }),
      ...(subtaskStatus !== undefined && { status: subtaskStatus }),
      ...(typeof find === 'string' && find !== '' && { find }),
    };
  },
  component: lazyRouteComponent(() => import('./pages/runs/run-page.tsx'), 'RunPage'),
});

const accountRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account/account-page.tsx'), 'AccountPage'),
});

const accountsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/accounts',
  component: lazyRouteComponent(() => import('./pages/accounts/accounts-page.tsx'), 'AccountsPage'),
});

const auditLogRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/audit-log',
  validateSearch: (search): AuditSearch => ({
    ...oneOf('action', auditActions, search),
    ...textOf('account', search),
    ...dateOf('from', search),
    ...dateOf('to', search),
    ...pageNumber(search['page']),
    ...oneOf('size', pageSizes, search),
  }),
  component: lazyRouteComponent(() => import('./pages/audit-log/audit-log-page.tsx'), 'AuditLogPage'),
});

const guidesRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/docs',
  validateSearch: (search): { keyword?: string } => textOf('keyword', search),
  component: lazyRouteComponent(() => import('./pages/guides/guides-page.tsx'), 'GuidesPage'),
});

const guideRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/docs/$guide',
  component: lazyRouteComponent(() => import('./pages/guides/guide-page.tsx'), 'GuidePage'),
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
  setupRoute,
  forgotRoute,
  frameRoute.addChildren([
    storeRoute,
    guidesRoute,
    guideRoute,
    referenceRoute,
    operationRoute,
    signedInRoute.addChildren([
      homeRoute,
      workersRoute,
      workerRoute,
      newWorkerRoute,
      editWorkerRoute,
      versionRoute,
      runsRoute,
      runRoute,
      compareRoute,
      tasksRoute,
      taskRoute,
      accountRoute,
      accountsRoute,
      auditLogRoute,
      queueRoute,
      schedulesRoute,
      usageRoute,
      systemRoute,
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
