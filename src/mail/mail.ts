/** Sends mail through the operator's SMTP server, if one is configured. */
import { createTransport } from 'nodemailer';
import type { Config } from '../configuration/configuration.ts';

export interface Letter {
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** A server that does not answer must not hold a job for long; it is retried. */
const timeoutMilliseconds = 30_000;

export class Mail {
  readonly #url: string;
  readonly #from: string;

  constructor({ smtpUrl, mailFrom }: Pick<Config, 'smtpUrl' | 'mailFrom'>) {
    this.#url = smtpUrl;
    this.#from = mailFrom;
  }

  /** Whether mail can be sent. */
  get isConfigured(): boolean {
    return this.#url !== '';
  }

  /** Resolves once the server has accepted it. @throws Error if it does not */
  async send({ to, subject, text }: Letter): Promise<void> {
    const transport = createTransport(
      {
        url: this.#url,
        connectionTimeout: timeoutMilliseconds,
        greetingTimeout: timeoutMilliseconds,
        socketTimeout: timeoutMilliseconds,
        // Texts come from us; nothing in a letter may name a file or an address to load.
        disableFileAccess: true,
        disableUrlAccess: true,
      },
      { from: this.#from },
    );
    try {
      await transport.sendMail({ to: { name: '', address: to }, subject, text });
    } finally {
      transport.close();
    }
  }
}
