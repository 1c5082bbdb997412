/** The account of the credential. */
import { Type } from 'typebox';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { Account, accountShape } from './accounts.ts';
import { decimal, unixSeconds } from './shapes.ts';

const AccountDetails = Type.Object(
  {
    ...Account.properties,
    concurrent_runs: Type.Integer({
      description: 'Runs that the plan lets be ready or running at a time; 0 is no limit.',
      examples: [10],
    }),
    active_runs: Type.Integer({ description: 'Runs that are ready or running now.', examples: [1] }),
  },
  { title: 'AccountDetails', description: 'An account and what of its plan is in use' },
);

export function addAccountOperations(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    '/users/account',
    operation({
      id: 'getAccount',
      tag: 'account',
      summary: 'Get user account',
      description: 'Balance of the account that the credential belongs to.',
      data: Type.Object({
        balance: Type.String({ description: 'A decimal.', examples: ['100.00'] }),
        balance_expiration_at: Type.Integer({
          description: 'Unix seconds; 0 where the balance does not expire.',
          examples: [0],
        }),
      }),
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
        'The account that the credential belongs to: its name, plan and balance, and the runs that count for its plan. An extension of the published API.',
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
