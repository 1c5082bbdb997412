/**
 * The certificate authorities that workers trust: those of the host and those in `CHELA_WORKER_CA_FILE`. One file is for
 * OpenSSL and other programs that read `SSL_CERT_FILE`. The other is for Node, which has its own list and adds those in
 * `NODE_EXTRA_CA_CERTS`.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rootCertificates } from 'node:tls';

/** Files in which systems keep all authorities, Debian's first. */
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
  /** PEM file with more authorities; empty for none. */
  readonly workerCaFile?: string;
}

/** Host files in PEM form. */
export interface CertificateFiles {
  /** All authorities; undefined if neither the host nor the operator has any. */
  readonly all: string | undefined;
  /** Authorities that Node does not trust by default; undefined if there are none. */
  readonly beyondNode: string | undefined;
  /** Whether the operator configured a file for workers. */
  readonly isExtended: boolean;
  /**
   * A policy with which Chromium trusts the operator's authorities besides its own list; undefined if there are none.
   * https://chromeenterprise.google/policies/#CACertificates
   */
  readonly browserPolicy: string | undefined;
}

/** Where Chromium and Chrome look for policies that an administrator made. */
export const browserPolicyPlaces = [
  '/etc/chromium/policies/managed/chela.json',
  '/etc/opt/chrome/policies/managed/chela.json',
] as const;

/** The base64 text of each certificate in a file, without line breaks. */
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
  throw new Error(`CHELA_WORKER_CA_FILE has no PEM certificate: ${file}`);
}

/** Writes a file that is named by a hash of its content. */
async function writeOnce(folder: string, content: string, extension: 'pem' | 'json'): Promise<string> {
  const digest = createHash('sha256').update(content).digest('hex');
  const file = path.join(folder, `${digest.slice(0, 32)}.${extension}`);
  const draft = path.join(folder, `.draft-${randomUUID()}`);
  await writeFile(draft, content);
  await chmod(draft, 0o644);
  await rename(draft, file);
  return file;
}

/**
 * Writes the files from the host's current authorities.
 * @throws Error if the operator's file cannot be used
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
    bodies.length === 0 ? undefined : writeOnce(folder, pemOf(bodies), 'pem');
  return {
    all: await write(all),
    beyondNode: await write(beyondNode),
    isExtended: operator.length > 0,
    browserPolicy:
      operator.length === 0
        ? undefined
        : await writeOnce(folder, JSON.stringify({ CACertificates: operator }), 'json'),
  };
}

/** Variables that point the worker's programs to these files. @param files paths as the worker sees them */
export function certificateVariables({
  all,
  beyondNode,
  isExtended,
}: Omit<CertificateFiles, 'browserPolicy'>): Record<string, string> {
  return {
    ...(all !== undefined && { SSL_CERT_FILE: all }),
    ...(beyondNode !== undefined && { NODE_EXTRA_CA_CERTS: beyondNode }),
    // Libraries with their own list keep it, unless the operator added authorities.
    ...(all !== undefined && isExtended && { REQUESTS_CA_BUNDLE: all, CURL_CA_BUNDLE: all }),
  };
}
