/**
 * Sends a set-up link to people who forgot their password. Requests are jobs, so their answer takes equally long whether
 * an account has the address or not, and a mail server that is down delays a letter but does not lose it.
 */
import type { Database } from '../database/database.ts';
import { invalidArgument } from '../errors.ts';
import type { JobKind, Jobs } from '../jobs/jobs.ts';
import type { Mail } from '../mail/mail.ts';
import { operator, recordAudit } from './audit.ts';
import type { SetupLinks } from './setup-links.ts';

/** An address gets at most one letter in this period, so that nobody can flood it. */
const quietSeconds = 300;
const concurrency = 2;

const sendRecovery: JobKind<{ readonly email: string }> = {
  name: 'send-recovery',
  queue: {
    retryLimit: 8,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 600,
    expireInSeconds: 120,
    deleteAfterSeconds: 3600,
  },
};

interface PasswordRecoveryOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly mail: Mail;
  readonly links: SetupLinks;
  /** Prefix of the link. It never comes from a request, whose headers its sender chooses. */
  readonly publicUrl: string;
  readonly linkLifetimeSeconds: number;
}

export class PasswordRecovery {
  readonly #options: PasswordRecoveryOptions;

  /** Letters are sent by the given jobs once those are started, if mail is configured. */
  constructor(options: PasswordRecoveryOptions) {
    this.#options = options;
    const { jobs, mail } = options;
    if (!mail.isConfigured) jobs.declare(sendRecovery);
    else {
      jobs.work(sendRecovery, concurrency, async ({ data }) => this.#send(data.email), {
        groupConcurrency: 1,
      });
    }
  }

  /** Whether links are sent by mail. */
  get isByMail(): boolean {
    return this.#options.mail.isConfigured;
  }

  /**
   * Sends a link to an address, if an account has it. Does not say whether one has.
   * @throws ChelaError INVALID_ARGUMENT if mail is not configured
   */
  async request(email: string): Promise<void> {
    if (!this.isByMail) {
      throw invalidArgument(
        'this installation sends no mail: ask an administrator for a set-up link, or run "chela set-up-link ACCOUNT" on the server',
      );
    }
    const address = email.trim().toLowerCase().toWellFormed();
    await this.#options.jobs.send(sendRecovery, { email: address }, { group: address });
  }

  async #send(email: string): Promise<void> {
    const { database, mail, links, publicUrl, linkLifetimeSeconds } = this.#options;
    const { rows } = await database.pool.query<{ id: number; name: string; email: string }>(
      `SELECT id, name, email FROM account LEFT JOIN setup_link ON account_id = account.id
       WHERE lower(email) = lower($1) AND disabled_at IS NULL
         AND (mailed_at IS NULL OR mailed_at < now() - make_interval(secs => $2))`,
      [email, quietSeconds],
    );
    const [account] = rows;
    if (account === undefined) return;
    const token = await links.create(account.id);
    await mail.send({
      to: account.email,
      subject: 'Set a new password for Chela',
      text: letter({
        account: account.name,
        url: `${publicUrl}/setup?token=${token}`,
        lifetime: durationText(linkLifetimeSeconds),
      }),
    });
    await database.transaction(async (client) => {
      await client.query('UPDATE setup_link SET mailed_at = now() WHERE account_id = $1', [account.id]);
      await recordAudit(client, operator, {
        action: 'account.link_mailed',
        accountId: account.id,
        subject: account.name,
      });
    });
  }
}

function letter({ account, url, lifetime }: { account: string; url: string; lifetime: string }): string {
  return `Somebody, probably you, asked for a new password for the Chela account ${account}.

Open this link to choose one. It works once, within ${lifetime}:

${url}

If you did not ask for it, ignore this letter. Your password stays as it is.
`;
}

/** `24 hours`, `an hour`, `30 minutes`. */
export function durationText(seconds: number): string {
  const hours = Math.round(seconds / 3600);
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} minutes`;
  return hours === 1 ? 'an hour' : `${hours} hours`;
}
