import { isTimezone } from '../../time/timezone.ts';
import { defaultPlans, planList, type PlanList } from '../plan-list.ts';
import { setting } from '../setting.ts';
import { credential, integer, price, text } from '../setting-parsers.ts';

/** Accounts: permissions, limits and prices. */
export const accountsSettings = {
  apiKey: setting<string>({
    environment: 'CHELA_API_KEY',
    default: '',
    defaultText: 'a random key, printed once',
    parse: credential,
    describe: 'API key of the admin account, set on first start. For automated installations.',
    secret: true,
  }),
  apiKeyLimit: setting<number>({
    environment: 'CHELA_API_KEY_LIMIT',
    default: 100,
    parse: integer(1, 10_000),
    describe: 'Maximum valid API keys per account.',
  }),
  setupLinkLifetimeSeconds: setting<number>({
    environment: 'CHELA_SETUP_LINK_LIFETIME_SECONDS',
    default: 24 * 3600,
    parse: integer(60, 30 * 24 * 3600),
    describe: 'How long a set-up link works, which sets the e-mail address and password of an account.',
  }),
  sessionLifetimeSeconds: setting<number>({
    environment: 'CHELA_SESSION_LIFETIME_SECONDS',
    default: 14 * 24 * 3600,
    parse: integer(60, 366 * 24 * 3600),
    describe: 'How long a browser stays signed in to the console after its last request.',
  }),
  signInLimitPerMinute: setting<number>({
    environment: 'CHELA_SIGN_IN_LIMIT_PER_MINUTE',
    default: 20,
    parse: integer(1, 100_000),
    describe: 'Maximum sign-in attempts per minute from one address, and five times as many for one account.',
  }),
  plans: setting<PlanList>({
    environment: 'CHELA_PLANS',
    default: planList(defaultPlans),
    defaultText: `\`${defaultPlans}\``,
    parse: planList,
    describe:
      'Comma-separated plans, each NAME=RUNS, where RUNS is the maximum of concurrent runs. A plan without =RUNS has no limit. Append :prepaid to refuse runs once the balance is used up, as in free=2:prepaid.',
  }),
  defaultPlan: setting<string>({
    environment: 'CHELA_DEFAULT_PLAN',
    default: 'unlimited',
    parse: text,
    describe: 'Plan of accounts that have none assigned.',
  }),
  pricePerResult: setting<string>({
    environment: 'CHELA_PRICE_PER_RESULT',
    default: '0',
    parse: price,
    describe: 'Price of one result row.',
  }),
  pricePerGigabyteHour: setting<string>({
    environment: 'CHELA_PRICE_PER_GIGABYTE_HOUR',
    default: '0',
    parse: price,
    describe:
      'Price of 1024 MB of memory for one hour. The memory limit of a subtask is charged for as long as the subtask runs.',
  }),
  pricePerCpuHour: setting<string>({
    environment: 'CHELA_PRICE_PER_CPU_HOUR',
    default: '0',
    parse: price,
    describe: 'Price of one hour of processor time actually used by subtasks.',
  }),
  pricePerGigabyteTraffic: setting<string>({
    environment: 'CHELA_PRICE_PER_GIGABYTE_TRAFFIC',
    default: '0',
    parse: price,
    describe: 'Price of 10^9 bytes of traffic through the proxy.',
  }),
  timezone: setting<string>({
    environment: 'CHELA_TIMEZONE',
    default: 'UTC',
    parse: (value) => {
      if (!isTimezone(value)) throw new Error('the IANA name of a time zone, such as Europe/Berlin');
      return value;
    },
    describe: 'Time zone of schedules if neither the schedule nor its account sets one.',
  }),
} as const;
