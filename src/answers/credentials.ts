/** API keys and sessions. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';

export const ApiKey = Type.Object(
  {
    slug: Type.String({ description: 'Identifier of the key.', examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'] }),
    name: Type.String({ description: 'What the key is for.', examples: ['nightly job'] }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    last_used_at: Type.Integer({
      description: 'Unix seconds, accurate to about a minute; 0 if the key was never used.',
      examples: [1_782_091_260],
    }),
    expires_at: Type.Integer({ description: 'Unix seconds; 0 if the key does not expire.', examples: [0] }),
  },
  { title: 'ApiKey', description: 'An API key, without the key itself' },
);
export type ApiKey = Answer<typeof ApiKey>;

export const CreatedApiKey = Type.Object(
  {
    ...ApiKey.properties,
    key: Type.String({
      description: 'The key. It is shown only once; the platform stores a hash of it.',
      examples: ['chela_0123456789abcdefghijABCDEFGHIJ0123456789abc'],
    }),
  },
  { title: 'CreatedApiKey', description: 'A new API key' },
);
export type CreatedApiKey = Answer<typeof CreatedApiKey>;

export const Session = Type.Object(
  {
    account: Type.Object(
      {
        name: Type.String({ description: 'Name of the account.', examples: ['admin'] }),
        email: Type.String({
          description: 'E-mail address of the account.',
          examples: ['admin@example.com'],
        }),
        is_admin: Type.Boolean({ description: 'Whether the account is an administrator.', examples: [true] }),
        timezone: Type.String({
          description: "IANA name of the account's time zone.",
          examples: ['Europe/Berlin'],
        }),
      },
      { description: 'The signed-in account' },
    ),
    csrf_token: Type.String({
      description:
        'Requests that use the cookie and change something must send this value in the header `x-csrf-token`.',
      examples: ['W7rHqcJmLhXv0nEnBqVxJ9cQkYt3oZ8dPpL2fUuGm1A'],
    }),
    expires_at: Type.Integer({
      description: 'Expiry of the session if it is not used, Unix seconds.',
      examples: [1764000000],
    }),
  },
  { title: 'Session', description: 'A session' },
);
export type Session = Answer<typeof Session>;

export const ListedSession = Type.Object(
  {
    slug: Type.String({
      description: 'Identifier of the session.',
      examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
    }),
    is_current: Type.Boolean({ description: 'Whether it is the session of this request.', examples: [true] }),
    address: Type.String({
      description: 'Address that signed in, that of the reverse proxy if there is one; empty if not known.',
      examples: ['192.0.2.7'],
    }),
    user_agent: Type.String({
      description: 'As the browser named itself at sign-in; empty if not known.',
      examples: ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    last_used_at: Type.Integer({
      description: 'Unix seconds, accurate to about a minute.',
      examples: [1_782_091_260],
    }),
    expires_at: Type.Integer({
      description: 'Expiry of the session if it is not used, Unix seconds.',
      examples: [1_783_300_860],
    }),
  },
  { title: 'ListedSession', description: 'A session of the account' },
);
export type ListedSession = Answer<typeof ListedSession>;
