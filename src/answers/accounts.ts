/** Accounts, their plans and their audit log. */
import { Type } from 'typebox';
import { auditActions } from '../accounts/audit-actions.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

export const Account = Type.Object(
  {
    name: Type.String({ description: 'The owner part of owner~name; unique.', examples: ['ada'] }),
    email: Type.String({ description: 'Empty where none is set.', examples: ['ada@example.com'] }),
    is_admin: Type.Boolean({ description: 'Whether it may do what administrators do.', examples: [false] }),
    plan: Type.String({ description: 'The plan in force.', examples: ['pro'] }),
    is_prepaid: Type.Boolean({
      description: 'Whether runs are paid from the balance, and none is made once that is used up.',
      examples: [false],
    }),
    timezone: Type.String({
      description:
        'IANA name of the time zone of schedules that name none; empty for that of the installation.',
      examples: ['Europe/Berlin'],
    }),
    balance: Type.String({ description: 'A decimal.', examples: ['100.00'] }),
    balance_expiration_at: Type.Integer({
      description: 'Unix seconds; 0 where the balance does not expire.',
      examples: [0],
    }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  },
  { title: 'Account', description: 'An account' },
);
export type Account = Answer<typeof Account>;

export const AccountDetails = Type.Object(
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
export type AccountDetails = Answer<typeof AccountDetails>;

export const SetupResult = Type.Object(
  {
    account: Type.String({ description: 'The account that was set up.', examples: ['admin'] }),
    email: Type.String({ description: 'Its e-mail address.', examples: ['admin@example.com'] }),
  },
  { title: 'SetupResult', description: 'The account that was set up' },
);
export type SetupResult = Answer<typeof SetupResult>;

export const AuditEntry = Type.Object(
  {
    at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    action: enumeration(auditActions, { description: 'What was done.', examples: ['api_key.created'] }),
    account: Type.String({ description: 'The account it was done to.', examples: ['ada'] }),
    actor: Type.String({
      description:
        'The account that did it; empty for the platform itself and its operator at the command line.',
      examples: ['admin'],
    }),
    api_key: Type.String({ description: 'Name of the key it was done with.', examples: ['first key'] }),
    subject: Type.String({
      description: 'What it was done to: a slug, a path or a name.',
      examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
    }),
    details: Type.Unknown({
      description: 'An object with what else there is to know.',
      examples: [{ name: 'nightly job' }],
    }),
    request_id: Type.String({
      description: 'The request that did it; empty where none did.',
      examples: ['0192f3a1-7c55-4d0e-9d5e-3f1c6d0e8a11'],
    }),
  },
  { title: 'AuditEntry', description: 'An entry of the audit log' },
);
export type AuditEntry = Answer<typeof AuditEntry>;

export const Balance = Type.Object({
  balance: Type.String({ description: 'A decimal.', examples: ['100.00'] }),
  balance_expiration_at: Type.Integer({
    description: 'Unix seconds; 0 where the balance does not expire.',
    examples: [0],
  }),
});
