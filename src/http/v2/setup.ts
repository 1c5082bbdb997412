/** Redeems the set-up link that the first start prints. An extension of the published API. */
import { Type } from 'typebox';
import { SetupResult } from '../../answers/accounts.ts';
import { emailLength, passwordLength } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';

const SetupBody = Type.Object(
  {
    token: Type.String({
      description: 'The token in the set-up link.',
      minLength: 1,
      maxLength: 200,
      examples: ['T0kenOfTheSetUpLink'],
    }),
    email: Type.String({
      description: 'E-mail address to sign in with.',
      maxLength: emailLength,
      examples: ['admin@example.com'],
    }),
    password: Type.String({
      description: `Password to sign in with, at least ${passwordLength.minimum} characters.`,
      examples: ['correct horse battery staple'],
    }),
  },
  { additionalProperties: false },
);

export function addSetupOperations(app: ApiApp, { accounts }: ApiContext): void {
  app.post(
    '/setup',
    operation({
      id: 'setUpAccount',
      tag: 'account',
      summary: 'Set up account',
      description:
        "Sets the administrator's e-mail address and password, with the token of the set-up link that Chela prints on first start. The link works once. An extension of the published API.",
      public: true,
      body: SetupBody,
      data: SetupResult,
    }),
    async (request) => {
      const { token, email, password } = request.body;
      const account = await accounts.setupLinks.redeem(token, { email, password }, request.id);
      return success(request, { account, email });
    },
  );
}
