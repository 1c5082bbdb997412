/** The page of a set-up link: a plain form without scripts, outside the API's base path. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { emailLength, passwordLength } from '../accounts/accounts.ts';
import { ChelaError } from '../errors.ts';
import type { ApiContext } from './api-context.ts';

const formLimitBytes = 16 * 1024;

const style = `
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f5f7; color: #1d2433;
  font: 16px/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; width: min(26rem, 100%); padding: 2rem; background: #fff; border-radius: 12px;
  box-shadow: 0 1px 3px rgb(0 0 0 / 0.15); }
h1 { margin: 0 0 0.5rem; font-size: 1.4rem; }
p { margin: 0 0 1rem; }
label { display: block; margin-bottom: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; margin-top: 0.25rem; padding: 0.55rem 0.7rem; border: 1px solid #8a94a6;
  border-radius: 8px; font: inherit; }
button { width: 100%; padding: 0.65rem; border: 0; border-radius: 8px; background: #b3391b; color: #fff;
  font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid #f0a58f; outline-offset: 1px; }
.problem { padding: 0.6rem 0.8rem; border-radius: 8px; background: #fdecea; color: #8a1c0d; }
@media (prefers-color-scheme: dark) {
  body { background: #14171f; color: #e6e9f0; }
  main { background: #1d2230; }
  input { background: #14171f; color: inherit; }
  .problem { background: #4a1d16; color: #ffd9d1; }
}
`;

const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

function problemText(problem: string | undefined): string {
  return problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>\n`;
}

function formPage(token: string, email: string, problem?: string): string {
  return page(
    'Set up Chela',
    `<p>Choose the e-mail address and the password of the administrator.</p>
${problemText(problem)}<form method="post" action="/setup">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<label>E-mail
<input type="email" name="email" required maxlength="${emailLength}" autocomplete="username" value="${escapeHtml(email)}">
</label>
<label>Password, ${passwordLength.minimum} characters or more
<input type="password" name="password" required minlength="${passwordLength.minimum}" maxlength="${passwordLength.maximum}" autocomplete="new-password">
</label>
<button type="submit">Set up</button>
</form>`,
  );
}

function problemPage(problem: string): string {
  return page('Set up Chela', problemText(problem));
}

function donePage(account: string, email: string): string {
  return page(
    'Chela is set up',
    `<p>The account ${escapeHtml(account)} now has the e-mail address ${escapeHtml(email)} and a password.</p>
<p>The set-up link no longer works.</p>
<p><a href="/sign-in">Sign in</a></p>`,
  );
}

function send(reply: FastifyReply, status: number, html: string): FastifyReply {
  return (
    reply
      .code(status)
      .type('text/html; charset=utf-8')
      .header('content-security-policy', contentSecurityPolicy)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      // The address contains the token.
      .header('referrer-policy', 'no-referrer')
      .send(html)
  );
}

/** The first value of each field; '' for a missing one. */
function fieldsOf(request: FastifyRequest): (name: string) => string {
  const fields = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  return (name) => fields.get(name) ?? '';
}

/** Register it as a plugin, so that its body parser applies to its own routes only. */
export function addSetupPage(app: FastifyInstance, { accounts }: ApiContext): void {
  const { setupLinks } = accounts;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: formLimitBytes },
    (_request, body, done) => done(null, new URLSearchParams(body.toString())),
  );

  app.get('/setup', { schema: { hide: true } }, async (request, reply) => {
    const { token } = request.query as { token?: string | string[] };
    const text = [token ?? ''].flat()[0] ?? '';
    try {
      await setupLinks.check(text);
    } catch (error) {
      if (!(error instanceof ChelaError)) throw error;
      return send(reply, error.kind.status, problemPage(error.message));
    }
    return send(reply, 200, formPage(text, ''));
  });

  app.post('/setup', { schema: { hide: true } }, async (request, reply) => {
    const field = fieldsOf(request);
    const [token, email] = [field('token'), field('email').trim()];
    try {
      const account = await setupLinks.redeem(token, { email, password: field('password') }, request.id);
      return send(reply, 200, donePage(account, email));
    } catch (error) {
      if (!(error instanceof ChelaError)) throw error;
      return send(reply, error.kind.status, formPage(token, email, error.message));
    }
  });
}
