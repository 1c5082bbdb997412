import type { DiskReserve } from '../disk-reserve.ts';
import { largestSafe, mebibyte, setting } from '../setting.ts';
import { diskReserve, integer } from '../setting-parsers.ts';

/** What happens before a disk is full. */
export const spaceSettings = {
  diskReserve: setting<DiskReserve>({
    environment: 'CHELA_DISK_RESERVE',
    default: { bytes: 512 * mebibyte },
    defaultText: '`536870912`',
    parse: diskReserve,
    describe:
      'Bytes that must be free on the disk of the data folder to accept and execute runs, and on that of the cache folder to execute them; with %, a share of the disk. Reads, aborts, exports and clean-up need nothing. 0 disables the check.',
  }),
  databaseLimitBytes: setting<number>({
    environment: 'CHELA_DATABASE_LIMIT_BYTES',
    default: 0,
    parse: integer(0, largestSafe),
    describe:
      'Size of the database from which no more runs are accepted and executed. For servers whose disk Chela cannot see. 0 means no limit.',
  }),
} as const;
