/** The account of the credential. */
import { AccountDetails, Balance } from '../../answers/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { accountShape } from './accounts.ts';
import { decimal, unixSeconds } from './shapes.ts';

export function addAccountOperations(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    '/users/account',
    operation({
      id: 'getAccount',
      tag: 'account',
      summary: 'Get user account',
      description: 'Returns the balance of the authenticated account.',
      data: Balance,
    }),
    async (request) => {
      const account = await accounts.get(request.accountId);
      return success(request, {
        balance: decimal(account.balance),
        balance_expiration_at: unixSeconds(account.balanceExpiresAt),
      });
    },
  );

  app.get(
    '/users/account/details',
    operation({
      id: 'getAccountDetails',
      tag: 'account',
      summary: 'Get account details',
      description:
        'Returns name, plan and balance of the authenticated account, and its number of concurrent runs. An extension of the published API.',
      data: AccountDetails,
    }),
    async (request) => {
      const [account, activeRuns] = await Promise.all([
        accounts.get(request.accountId),
        accounts.activeRuns(request.accountId),
      ]);
      return success(request, {
        ...accountShape(account),
        concurrent_runs: account.plan.concurrentRuns ?? 0,
        active_runs: activeRuns,
      });
    },
  );
}
