/**
 * Background work: drops revoked keys from the cache at once; removes old audit entries and expired sessions every
 * hour.
 */
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import type { AuditLog } from './audit.ts';
import type { Authenticator } from './authenticator.ts';
import type { Sessions } from './sessions.ts';

const hourMilliseconds = 3600 * 1000;

interface AccountUpkeepOptions {
  readonly authenticator: Authenticator;
  readonly audit: AuditLog;
  readonly sessions: Sessions;
  readonly events: Events;
}

export class AccountUpkeep extends StartStop {
  readonly name = 'accounts';
  readonly #authenticator: Authenticator;
  readonly #prunings: Periodic;

  constructor({ authenticator, audit, sessions, events }: AccountUpkeepOptions) {
    super();
    this.#authenticator = authenticator;
    this.#prunings = new Periodic({
      intervalMilliseconds: hourMilliseconds,
      work: async () => {
        // A failure of one must not prevent the other.
        await audit.prune(new Date()).catch((err: unknown) => events.failed({ work: 'prune-audit', err }));
        await sessions.prune();
      },
      onError: (err) => events.failed({ work: 'prune-sessions', err }),
    });
  }

  protected override async begin(): Promise<void> {
    this.#authenticator.listen();
    this.#prunings.start();
    this.#prunings.trigger();
  }

  protected override async end(): Promise<void> {
    await this.#prunings.stop();
    await this.#authenticator.close();
  }
}
