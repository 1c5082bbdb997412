/** Tables of this room: accounts, their credentials and their usage. */
import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { AuditAction } from './audit-actions.ts';
import type { UsageKind } from './usage-kinds.ts';

declare module '../database/tables.ts' {
  interface Tables {
    account: AccountTable;
    api_key: ApiKeyTable;
    setup_link: SetupLinkTable;
    session: SessionTable;
    audit_entry: AuditEntryTable;
    usage_entry: UsageEntryTable;
  }
}

interface AccountTable {
  id: GeneratedAlways<number>;
  name: string;
  balance: Generated<string>;
  balance_expiration_at: Date | null;
  timezone: string | null;
  email: string | null;
  password_hash: string | null;
  is_admin: Generated<boolean>;
  plan: string | null;
  callback_secret: string | null;
  callback_url: string | null;
  disabled_at: Date | null;
  first_steps_dismissed_at: Date | null;
  created_at: Generated<Date>;
}

interface ApiKeyTable {
  id: GeneratedAlways<number>;
  slug: string;
  account_id: number;
  name: string;
  key_hash: Buffer;
  created_at: Generated<Date>;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

interface SetupLinkTable {
  account_id: number;
  token_hash: Buffer;
  created_at: Generated<Date>;
  expires_at: Date;
  used_at: Date | null;
  mailed_at: Date | null;
}

interface SessionTable {
  id: GeneratedAlways<number>;
  account_id: number;
  token_hash: Buffer;
  created_at: Generated<Date>;
  last_used_at: Generated<Date>;
  expires_at: Date;
  slug: Generated<string>;
  user_agent: Generated<string>;
  address: Generated<string>;
}

interface AuditEntryTable {
  id: GeneratedAlways<number>;
  at: Generated<Date>;
  account_id: number;
  actor_account_id: number | null;
  api_key_id: number | null;
  action: AuditAction;
  subject: string;
  details: JSONColumnType<Record<string, unknown>>;
  request_id: string;
}

interface UsageEntryTable {
  run_id: number;
  kind: UsageKind;
  unit_price: string;
  quantity: string;
  amount: string;
}
