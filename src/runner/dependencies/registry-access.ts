/** How to reach a package manager's registries, according to its own configuration. */

export interface RegistryCredentials {
  /** URL prefix without scheme that the credentials are for: `//host/path/`. */
  readonly place: string;
  /** Value of the Authorization header. */
  readonly authorization: string;
  /** Texts to mask. */
  readonly secrets: readonly string[];
}

export interface RegistryAccess {
  readonly credentials: readonly RegistryCredentials[];
  /** Trusted certificates in PEM; Node's own if empty. */
  readonly ca: readonly string[];
  /** Hosts whose certificates are not verified; `all` for every host. */
  readonly unverifiedHosts: readonly string[] | 'all';
  /** Environment variables such as HTTP_PROXY. */
  readonly proxies: Readonly<Record<string, string>>;
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;

/** The outgoing proxies in the environment, which package managers use. */
export function proxiesOfEnvironment(): Record<string, string> {
  const found = proxyNames.flatMap((name) => {
    const value = process.env[name.toLowerCase()] ?? process.env[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** Separates the credentials from a URL. */
export function withoutCredentials(text: string): { url: string; credentials: RegistryCredentials[] } {
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return { url: url.href, credentials: [] };
  return { url: url.href, credentials: [basicCredentials(url, decoded(username), decoded(password))] };
}

export function basicCredentials(url: URL, user: string, password: string): RegistryCredentials {
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  // Some registries use the user name as a token.
  const secrets = [basic, password, encodeURIComponent(password), ...(password === '' ? [user] : [])];
  return {
    place: `//${url.host}/`,
    authorization: `Basic ${basic}`,
    secrets: secrets.filter((secret) => secret !== ''),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function secretsOfAccess({ credentials, proxies }: RegistryAccess): string[] {
  const ofProxies = Object.values(proxies).flatMap((proxy) => {
    const password = URL.parse(proxy)?.password ?? '';
    return password === '' ? [] : [password, decoded(password)];
  });
  const all = [...credentials.flatMap(({ secrets }) => secrets), ...ofProxies];
  // Shorter ones would mask ordinary text.
  return [...new Set(all)].filter((secret) => secret.length >= 4);
}
