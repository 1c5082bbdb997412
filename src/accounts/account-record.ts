/** Accounts as they are read: their row, and what follows from it. */
import type { AccountState } from './account-states.ts';
import type { Plan, Plans } from './plans.ts';

export interface Account {
  readonly id: number;
  readonly name: string;
  /** Decimal string. */
  readonly balance: string;
  readonly balanceExpiresAt: Date | undefined;
  readonly email: string | undefined;
  readonly plan: Plan;
  readonly timezone: string | undefined;
  readonly isAdmin: boolean;
  readonly state: AccountState;
  /** Expiry of its set-up link; undefined if there is none that works. */
  readonly linkExpiresAt: Date | undefined;
  readonly createdAt: Date;
}

export interface AccountRow {
  id: number;
  name: string;
  balance: string;
  balance_expiration_at: Date | null;
  email: string | null;
  plan: string | null;
  timezone: string | null;
  is_admin: boolean;
  created_at: Date;
  is_disabled: boolean;
  has_password: boolean;
  has_link: boolean;
  link_expires_at: Date | null;
}

/** Selects rows of accounts; append a condition. */
export const selectAccounts = `SELECT account.id, name, balance, balance_expiration_at, email, plan, timezone, is_admin,
    account.created_at, disabled_at IS NOT NULL AS is_disabled, password_hash IS NOT NULL AS has_password,
    link.account_id IS NOT NULL AS has_link,
    CASE WHEN link.used_at IS NULL AND link.expires_at > now() THEN link.expires_at END AS link_expires_at
  FROM account LEFT JOIN setup_link AS link ON link.account_id = account.id`;

function stateOf(row: AccountRow): AccountState {
  if (row.is_disabled) return 'disabled';
  if (row.has_password) return 'active';
  return row.has_link ? 'invited' : 'keys_only';
}

export function accountOf(row: AccountRow, plans: Plans): Account {
  return {
    id: row.id,
    name: row.name,
    balance: row.balance,
    balanceExpiresAt: row.balance_expiration_at ?? undefined,
    email: row.email ?? undefined,
    plan: plans.of(row),
    timezone: row.timezone ?? undefined,
    isAdmin: row.is_admin,
    state: stateOf(row),
    linkExpiresAt: row.link_expires_at ?? undefined,
    createdAt: row.created_at,
  };
}
