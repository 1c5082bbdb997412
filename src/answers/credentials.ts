/** API keys and sessions. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';

export const ApiKey = Type.Object(
  {
    slug: Type.String({ description: 'Identifier of the key.', examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'] }),
    name: Type.String({ description: 'What the key is for.', examples: ['nightly job'] }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    last_used_at: Type.Integer({
      description: 'Unix seconds, to about a minute; 0 where it was never used.',
      examples: [1_782_091_260],
    }),
    expires_at: Type.Integer({ description: 'Unix seconds; 0 where it does not expire.', examples: [0] }),
  },
  { title: 'ApiKey', description: 'An API key, without the key itself' },
);
export type ApiKey = Answer<typeof ApiKey>;

export const NewApiKey = Type.Object(
  {
    ...ApiKey.properties,
    key: Type.String({
      description: 'The key. It is shown here only, and stored as a hash.',
      examples: ['chela_0123456789abcdefghijABCDEFGHIJ0123456789abc'],
    }),
  },
  { title: 'NewApiKey', description: 'A new API key' },
);
export type NewApiKey = Answer<typeof NewApiKey>;

export const Session = Type.Object(
  {
    account: Type.Object(
      {
        name: Type.String({ description: 'Name of the account.', examples: ['admin'] }),
        email: Type.String({ description: 'Its e-mail address.', examples: ['admin@example.com'] }),
        is_admin: Type.Boolean({ description: 'Whether it is an administrator.', examples: [true] }),
        timezone: Type.String({ description: 'IANA name of its time zone.', examples: ['Europe/Berlin'] }),
      },
      { description: 'The account that is signed in' },
    ),
    csrf_token: Type.String({
      description:
        'Requests with the cookie that change something must carry this as the header `x-csrf-token`.',
      examples: ['W7rHqcJmLhXv0nEnBqVxJ9cQkYt3oZ8dPpL2fUuGm1A'],
    }),
    expires_at: Type.Integer({
      description: 'When the session ends if it is not used, Unix seconds.',
      examples: [1764000000],
    }),
  },
  { title: 'Session', description: 'Who is signed in' },
);
export type Session = Answer<typeof Session>;
