import { isTimezone } from '../../time/timezone.ts';
import { defaultPlans, planList, type PlanList } from '../plan-list.ts';
import { setting } from '../setting.ts';
import { integer, price, text } from '../setting-parsers.ts';

/** Accounts: permissions, limits and prices. */
export const accountsSettings = {
  apiKey: setting<string>({
    environment: 'CHELA_API_KEY',
    default: '',
    defaultText: 'a random key, printed once',
    parse: (value) => {
      if (!/^[\x21-\x7e]{16,200}$/.test(value))
        throw new Error('16 to 200 printable characters without spaces');
      return value;
    },
    describe: "On first start this becomes the admin account's API key, for automation.",
    secret: true,
  }),
  apiKeyLimit: setting<number>({
    environment: 'CHELA_API_KEY_LIMIT',
    default: 100,
    parse: integer(1, 10_000),
    describe: 'Most valid API keys of one account.',
  }),
  setupLinkLifetimeSeconds: setting<number>({
    environment: 'CHELA_SETUP_LINK_LIFETIME_SECONDS',
    default: 24 * 3600,
    parse: integer(60, 30 * 24 * 3600),
    describe: "How long the link works that sets the admin account's e-mail address and password.",
  }),
  sessionLifetimeSeconds: setting<number>({
    environment: 'CHELA_SESSION_LIFETIME_SECONDS',
    default: 14 * 24 * 3600,
    parse: integer(60, 366 * 24 * 3600),
    describe: 'How long a browser stays signed in to the console after it was last used.',
  }),
  signInLimitPerMinute: setting<number>({
    environment: 'CHELA_SIGN_IN_LIMIT_PER_MINUTE',
    default: 20,
    parse: integer(1, 100_000),
    describe: 'Most attempts to sign in from one address in a minute.',
  }),
  plans: setting<PlanList>({
    environment: 'CHELA_PLANS',
    default: planList(defaultPlans),
    defaultText: `\`${defaultPlans}\``,
    parse: planList,
    describe:
      'Plans of accounts, NAME=RUNS separated by commas: most runs at a time, none for no limit. With :prepaid behind it a plan makes no runs once the balance is used up: free=2:prepaid.',
  }),
  defaultPlan: setting<string>({
    environment: 'CHELA_DEFAULT_PLAN',
    default: 'unlimited',
    parse: text,
    describe: 'The plan of accounts that were given none.',
  }),
  pricePerResult: setting<string>({
    environment: 'CHELA_PRICE_PER_RESULT',
    default: '0',
    parse: price,
    describe: 'Price of one row of results.',
  }),
  pricePerGigabyteHour: setting<string>({
    environment: 'CHELA_PRICE_PER_GIGABYTE_HOUR',
    default: '0',
    parse: price,
    describe:
      'Price of an hour with 1024 MB of memory: the memory limit of a subtask, for as long as it runs.',
  }),
  pricePerCpuHour: setting<string>({
    environment: 'CHELA_PRICE_PER_CPU_HOUR',
    default: '0',
    parse: price,
    describe: 'Price of an hour of processor time that subtasks really used.',
  }),
  pricePerGigabyteTraffic: setting<string>({
    environment: 'CHELA_PRICE_PER_GIGABYTE_TRAFFIC',
    default: '0',
    parse: price,
    describe: 'Price of 10^9 bytes through the proxy.',
  }),
  timezone: setting<string>({
    environment: 'CHELA_TIMEZONE',
    default: 'UTC',
    parse: (value) => {
      if (!isTimezone(value)) throw new Error('the IANA name of a time zone, such as Europe/Berlin');
      return value;
    },
    describe: 'Time zone of schedules, where neither the schedule nor its account names one.',
  }),
} as const;
