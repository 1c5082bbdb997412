/** The time zone of an account's schedules. Extensions of the published API. */
import { Type } from 'typebox';
import { Timezone } from '../../answers/schedules.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';

const TimezoneBody = Type.Object(
  {
    timezone: Type.String({
      description: 'IANA name of a time zone. Empty means the default of the installation.',
      examples: ['Europe/Berlin'],
    }),
  },
  { additionalProperties: false },
);

export function addScheduleTimezoneOperations(app: ApiApp, { tasks, accounts }: ApiContext): void {
  const url = '/users/account/timezone';
  const tag = 'account';

  app.get(
    url,
    operation({
      id: 'getAccountTimezone',
      tag,
      summary: 'Get schedule time zone',
      description:
        'Returns the time zone of schedules that do not set one. An extension of the published API.',
      data: Timezone,
    }),
    async (request) => success(request, { timezone: await tasks.timezone(request.accountId) }),
  );

  app.put(
    url,
    operation({
      id: 'setAccountTimezone',
      tag,
      summary: 'Set schedule time zone',
      description:
        'Sets the time zone of schedules that do not set one. Their upcoming scheduled times change accordingly. An extension of the published API.',
      body: TimezoneBody,
      data: Timezone,
    }),
    async (request) => {
      await tasks.setTimezone(request.accountId, request.body.timezone);
      const timezone = await tasks.timezone(request.accountId);
      const { name: subject } = await accounts.get(request.accountId);
      const details = { timezone };
      await accounts.audit.record(actorOf(request), { action: 'account.timezone_set', subject, details });
      return success(request, { timezone });
    },
  );
}
