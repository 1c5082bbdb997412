/** The first steps of an account, which the console shows until they are done. Extensions of the published API. */
import { FirstSteps } from '../../answers/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';

const url = '/users/account/first-steps';
const tag = 'account';

export function addFirstStepOperations(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    url,
    operation({
      id: 'getFirstSteps',
      tag,
      summary: 'Get first steps',
      description:
        'Returns which first steps the account has taken, found from its runs, workers and tasks. An extension of the published API.',
      data: FirstSteps,
    }),
    async (request) => {
      const steps = await accounts.firstSteps(request.accountId);
      return success(request, {
        has_run: steps.hasRun,
        has_worker: steps.hasWorker,
        has_schedule: steps.hasSchedule,
        is_dismissed: steps.isDismissed,
        demo_worker: steps.demoWorker,
      });
    },
  );

  app.delete(
    url,
    operation({
      id: 'dismissFirstSteps',
      tag,
      summary: 'Dismiss first steps',
      description:
        'Hides the first steps in the console, for every browser of the account. An extension of the published API.',
    }),
    async (request) => {
      await accounts.dismissFirstSteps(request.accountId);
      return success(request);
    },
  );
}
