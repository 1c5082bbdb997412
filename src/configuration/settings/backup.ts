import { setting } from '../setting.ts';
import { integer, text, timesOfDay } from '../setting-parsers.ts';

/** Backups of the database and the blobs. */
export const backupSettings = {
  backupTo: setting<string>({
    environment: 'CHELA_BACKUP_TO',
    default: '',
    defaultText: 'none',
    parse: text,
    describe:
      'Where backups are kept: a folder of their own, or s3://BUCKET/PREFIX in the store that the CHELA_S3 settings name.',
  }),
  backupAt: setting<string[]>({
    environment: 'CHELA_BACKUP_AT',
    default: [],
    defaultText: 'none: backups are made only by `chela backup`',
    parse: timesOfDay,
    describe:
      'Times of day, in UTC, at which the API makes a backup, such as 03:00 or 00:00,12:00. One that was missed is made as soon as possible.',
  }),
  backupKeep: setting<number>({
    environment: 'CHELA_BACKUP_KEEP',
    default: 7,
    parse: integer(1, 10_000),
    describe: 'How many of the newest backups are kept after a scheduled one. Older ones are removed.',
  }),
  backupKeepDays: setting<number>({
    environment: 'CHELA_BACKUP_KEEP_DAYS',
    default: 0,
    parse: integer(0, 36_500),
    describe: 'Backups that are younger than this number of days are kept too.',
  }),
  backupPassword: setting<string>({
    environment: 'CHELA_BACKUP_PASSWORD',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'Password that encrypts backups. Whoever loses it loses the backups.',
    secret: true,
  }),
  backupKeyFile: setting<string>({
    environment: 'CHELA_BACKUP_KEY_FILE',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'File with 32 random bytes or more that encrypts backups, instead of a password.',
  }),
} as const;
