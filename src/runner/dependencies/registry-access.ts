/** How a package manager's registries are reached, as its own configuration says. */

export interface RegistryCredentials {
  /** Beginning of the URLs they are for, without the scheme: `//host/path/`. */
  readonly place: string;
  /** Value of the header. */
  readonly authorization: string;
  /** Texts that must not be shown. */
  readonly secrets: readonly string[];
}

export interface RegistryAccess {
  readonly credentials: readonly RegistryCredentials[];
  /** Certificates to trust, PEM; those of Node where empty. */
  readonly ca: readonly string[];
  /** Hosts whose certificates nobody asks for; `all` for every host. */
  readonly unverifiedHosts: readonly string[] | 'all';
  /** As in the environment: HTTP_PROXY and its like. */
  readonly proxies: Readonly<Record<string, string>>;
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;

/** The outgoing proxies that package managers take from the environment. */
export function proxiesOfEnvironment(): Record<string, string> {
  const found = proxyNames.flatMap((name) => {
    const value = process.env[name.toLowerCase()] ?? process.env[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** Takes the credentials out of a URL. */
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
  // Some registries take their token as the name.
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
  // Shorter ones would hide half of what is printed.
  return [...new Set(all)].filter((secret) => secret.length >= 4);
}
