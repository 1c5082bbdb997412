/** Accounts, their plans and their audit log. */
import { Type } from 'typebox';
import { accountStates } from '../accounts/account-states.ts';
import { auditActions } from '../accounts/audit-actions.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

export const Account = Type.Object(
  {
    name: Type.String({ description: 'Unique name, the owner part of owner~name.', examples: ['ada'] }),
    email: Type.String({ description: 'Empty if none is set.', examples: ['ada@example.com'] }),
    is_admin: Type.Boolean({ description: 'Whether the account is an administrator.', examples: [false] }),
    plan: Type.String({ description: 'Current plan.', examples: ['pro'] }),
    is_prepaid: Type.Boolean({
      description:
        'Whether runs are paid from the balance. If so, no run starts once the balance is used up.',
      examples: [false],
    }),
    timezone: Type.String({
      description:
        "IANA name of the default time zone of the account's schedules. Empty means the default of the installation.",
      examples: ['Europe/Berlin'],
    }),
    balance: Type.String({ description: 'Decimal number.', examples: ['100.00'] }),
    balance_expiration_at: Type.Integer({
      description: 'Unix seconds; 0 if the balance does not expire.',
      examples: [0],
    }),
    state: enumeration(accountStates, {
      description:
        'active: can sign in; invited: a set-up link was made, but not used yet; keys_only: has no password and no link; disabled: cannot sign in, its keys are refused, and it starts no runs.',
      examples: ['active'],
    }),
    link_expires_at: Type.Integer({
      description: 'Expiry of its unused set-up link, Unix seconds; 0 if there is none.',
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
      description: 'Maximum concurrent runs (ready or running) of the plan; 0 means no limit.',
      examples: [10],
    }),
    active_runs: Type.Integer({ description: 'Runs that are currently ready or running.', examples: [1] }),
  },
  { title: 'AccountDetails', description: 'An account with its current number of runs' },
);
export type AccountDetails = Answer<typeof AccountDetails>;

export const FirstSteps = Type.Object(
  {
    has_run: Type.Boolean({
      description: 'Whether the account has started a run, besides the first one of an installation.',
      examples: [true],
    }),
    has_worker: Type.Boolean({
      description: 'Whether the account has a worker of its own.',
      examples: [false],
    }),
    has_schedule: Type.Boolean({
      description: 'Whether a schedule of the account is enabled.',
      examples: [false],
    }),
    is_dismissed: Type.Boolean({
      description: 'Whether the account dismissed the steps.',
      examples: [false],
    }),
    demo_worker: Type.String({
      description: 'owner~name of the demo worker; empty if there is none.',
      examples: ['chela~hello'],
    }),
  },
  { title: 'FirstSteps', description: 'The first steps of an account' },
);
export type FirstSteps = Answer<typeof FirstSteps>;

export const SetupResult = Type.Object(
  {
    account: Type.String({ description: 'Name of the account.', examples: ['admin'] }),
    email: Type.String({ description: 'E-mail address of the account.', examples: ['admin@example.com'] }),
  },
  { title: 'SetupResult', description: 'The account that was set up' },
);
export type SetupResult = Answer<typeof SetupResult>;

export const SetupLink = Type.Object(
  {
    url: Type.String({
      description:
        'Shown only once. Whoever opens it chooses the e-mail address and password of the account.',
      examples: ['https://chela.example/setup?token=T0kenOfTheSetUpLink'],
    }),
    account: Type.String({ description: 'Name of the account.', examples: ['ada'] }),
    expires_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  },
  { title: 'SetupLink', description: 'A link that works once' },
);
export type SetupLink = Answer<typeof SetupLink>;

export const OpenSetupLink = Type.Object(
  {
    account: Type.String({ description: 'Name of the account.', examples: ['ada'] }),
    email: Type.String({
      description: 'E-mail address of the account; empty if it has none.',
      examples: ['ada@example.com'],
    }),
    purpose: enumeration(['set_up', 'recover'], {
      description: 'set_up: the account has no password yet; recover: it gets a new one.',
      examples: ['set_up'],
    }),
    expires_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  },
  { title: 'OpenSetupLink', description: 'What a set-up link is for' },
);
export type OpenSetupLink = Answer<typeof OpenSetupLink>;

export const RecoveryWays = Type.Object(
  {
    by_mail: Type.Boolean({
      description: 'Whether people who forgot their password get a set-up link by mail.',
      examples: [false],
    }),
  },
  { title: 'RecoveryWays', description: 'Ways to a new password' },
);
export type RecoveryWays = Answer<typeof RecoveryWays>;

export const AuditEntry = Type.Object(
  {
    id: Type.Integer({
      description: 'Number of the entry; later entries have larger ones.',
      examples: [1024],
    }),
    at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    action: enumeration(auditActions, {
      description: 'Action that was performed.',
      examples: ['api_key.created'],
    }),
    account: Type.String({ description: 'Account that was affected.', examples: ['ada'] }),
    actor: Type.String({
      description:
        'Account that performed the action. Empty for the platform itself and for the command line.',
      examples: ['admin'],
    }),
    api_key: Type.String({ description: 'Name of the API key that was used.', examples: ['first key'] }),
    subject: Type.String({
      description: 'Object of the action: a slug, a path or a name.',
      examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
    }),
    details: Type.Unknown({
      description: 'Object with further details.',
      examples: [{ name: 'nightly job' }],
    }),
    request_id: Type.String({
      description: 'ID of the request; empty if there was no request.',
      examples: ['0192f3a1-7c55-4d0e-9d5e-3f1c6d0e8a11'],
    }),
  },
  { title: 'AuditEntry', description: 'An entry of the audit log' },
);
export type AuditEntry = Answer<typeof AuditEntry>;

export const Balance = Type.Object({
  balance: Type.String({ description: 'Decimal number.', examples: ['100.00'] }),
  balance_expiration_at: Type.Integer({
    description: 'Unix seconds; 0 if the balance does not expire.',
    examples: [0],
  }),
});
