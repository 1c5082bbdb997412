/**
 * The certificate authorities that workers trust: those of the host, with what its operator added to them, and those of
 * `CHELA_WORKER_CA_FILE`. One file for OpenSSL and whatever reads `SSL_CERT_FILE`, one for Node, which has a list of its own
 * and takes further ones from `NODE_EXTRA_CA_CERTS`.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rootCertificates } from 'node:tls';

/** Where systems keep all authorities in one file, Debian's place first. */
export const bundlePlaces = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'] as const;

export interface CertificateSettings {
  /** Folder that sandboxes can reach. */
  readonly cacheDir: string;
  /** PEM file of further authorities; empty for none. */
  readonly workerCaFile?: string;
}

/** Host files in PEM form. */
export interface CertificateFiles {
  /** Everything that is trusted; undefined where the host has no such file, nor its operator. */
  readonly all: string | undefined;
  /** What Node does not trust by itself; undefined where that is nothing. */
  readonly beyondNode: string | undefined;
  /** Whether the operator named a file for workers. */
  readonly isExtended: boolean;
}

/** The base64 text of each certificate of a file, without line breaks. */
function certificatesIn(pem: string): string[] {
  return pem
    .split(begin)
    .slice(1)
    .map((part) => part.slice(0, Math.max(0, part.indexOf(end))).replaceAll(/\s/g, ''))
    .filter((body) => body !== '');
}

function pemOf(bodies: readonly string[]): string {
  return bodies.map((body) => `${begin}\n${body.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n${end}\n`).join('');
}

async function hostCertificates(): Promise<string[]> {
  for (const place of bundlePlaces) {
    const found = await readFile(place, 'latin1').catch(() => undefined);
    if (found !== undefined) return certificatesIn(found);
  }
  return [];
}

async function operatorCertificates(file: string): Promise<string[]> {
  if (file === '') return [];
  const pem = await readFile(file, 'latin1').catch((error: unknown) => {
    throw new Error(`CHELA_WORKER_CA_FILE cannot be read: ${(error as Error).message}`, { cause: error });
  });
  const found = certificatesIn(pem);
  if (found.length > 0) return found;
  throw new Error(`CHELA_WORKER_CA_FILE has no certificate in PEM form: ${file}`);
}

/** Writes a file whose name tells its content. */
async function writeOnce(folder: string, content: string): Promise<string> {
  const digest = createHash('sha256').update(content).digest('hex');
  const file = path.join(folder, `${digest.slice(0, 32)}.pem`);
  const draft = path.join(folder, `.draft-${randomUUID()}`);
  await writeFile(draft, content);
  await chmod(draft, 0o644);
  await rename(draft, file);
  return file;
}

/**
 * Writes the files, as the host's authorities are now.
 * @throws Error for a file of the operator's that cannot be used
 */
export async function prepareCertificates({
  cacheDir,
  workerCaFile = '',
}: CertificateSettings): Promise<CertificateFiles> {
  const [host, operator] = await Promise.all([hostCertificates(), operatorCertificates(workerCaFile)]);
  const all = [...new Set([...host, ...operator])];
  const known = new Set(certificatesIn(rootCertificates.join('\n')));
  const beyondNode = all.filter((body) => !known.has(body));
  const folder = path.join(cacheDir, 'certificates');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  const write = async (bodies: readonly string[]): Promise<string | undefined> =>
    bodies.length === 0 ? undefined : writeOnce(folder, pemOf(bodies));
  return {
    all: await write(all),
    beyondNode: await write(beyondNode),
    isExtended: operator.length > 0,
  };
}

/** What tells the worker's programs of these files, by their places as the worker sees them. */
export function certificateVariables({
  all,
  beyondNode,
  isExtended,
}: CertificateFiles): Record<string, string> {
  return {
    ...(all !== undefined && { SSL_CERT_FILE: all }),
    ...(beyondNode !== undefined && { NODE_EXTRA_CA_CERTS: beyondNode }),
    // Libraries with a list of their own keep to it, unless the operator wants others trusted.
    ...(all !== undefined && isExtended && { REQUESTS_CA_BUNDLE: all, CURL_CA_BUNDLE: all }),
  };
}
