import { setting } from '../setting.ts';
import { mailbox, smtpUrl } from '../setting-parsers.ts';

/** Mail to people who forgot their password. */
export const mailSettings = {
  smtpUrl: setting<string>({
    environment: 'CHELA_SMTP_URL',
    default: '',
    defaultText: 'none: no mail is sent',
    parse: smtpUrl,
    describe:
      'SMTP server for mail, as smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the start. With it, the sign-in page sends set-up links to people who forgot their password. Needs CHELA_MAIL_FROM and CHELA_PUBLIC_URL.',
    secret: true,
  }),
  mailFrom: setting<string>({
    environment: 'CHELA_MAIL_FROM',
    default: '',
    defaultText: 'none',
    parse: mailbox,
    describe: 'Sender of mail, such as chela@example.com or Chela <chela@example.com>.',
  }),
} as const;
