/** Tables of this room: stores and their values. */
import type { Generated, GeneratedAlways } from 'kysely';
import type { JsonText } from '../database/database.ts';

declare module '../database/tables.ts' {
  interface Tables {
    store: StoreTable;
    store_value: StoreValueTable;
  }
}

interface StoreTable {
  id: GeneratedAlways<number>;
  account_id: number;
  name: string;
  key_count: Generated<number>;
  size_bytes: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

interface StoreValueTable {
  store_id: number;
  key: string;
  value: JsonText;
  size_bytes: number;
  version: number;
  updated_at: Date;
}
