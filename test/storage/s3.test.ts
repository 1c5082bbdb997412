/** What only a storage in a bucket does. */
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { S3Storage, type S3Settings } from '../../src/storage/storages/s3.ts';
import { makeAuthority } from '../runner/certificate-authority.ts';
import { startS3Server, type S3Server } from './support/s3-server.ts';
import { startUnreliableProxy, type UnreliableProxy } from './support/unreliable-proxy.ts';

const mebibyte = 1024 * 1024;
let server: S3Server;
let settings: S3Settings;
beforeAll(async () => {
  server = await startS3Server();
  settings = await server.bucket('s3-only');
});
afterAll(async () => server.stop());

async function throughProxy(): Promise<{ storage: S3Storage; proxy: UnreliableProxy }> {
  const proxy = await startUnreliableProxy(server.url);
  onTestFinished(() => proxy.stop());
  return { storage: new S3Storage({ ...settings, s3Endpoint: proxy.url }), proxy };
}

test('a download whose connection breaks goes on where it broke', async () => {
  const { storage, proxy } = await throughProxy();
  const content = randomBytes(5 * mebibyte);
  await storage.write('blobs/broken', Readable.from([content]));
  proxy.requests.length = 0;
  proxy.cutNext(2, mebibyte);
  expect((await buffer(await storage.read('blobs/broken'))).equals(content)).toBe(true);
  expect(proxy.requests).toHaveLength(3);
  expect(proxy.requests[0]).not.toContain('bytes=');
  expect(proxy.requests[1]).toMatch(/bytes=[1-9]\d+-5242879$/);

  proxy.cutNext(1, mebibyte);
  const range = { start: 1_000_000, end: 4_000_000 };
  const part = await buffer(await storage.read('blobs/broken', range));
  expect(part.equals(content.subarray(range.start, range.end + 1))).toBe(true);
});

test('a download fails if the connection breaks again and again', async () => {
  const { storage, proxy } = await throughProxy();
  await storage.write('blobs/hopeless', Readable.from([randomBytes(mebibyte)]));
  proxy.cutNext(100, 0);
  await expect(storage.read('blobs/hopeless').then(buffer)).rejects.toThrow(/aborted|ECONNRESET/);
});

test('a download fails rather than mix two blobs', async () => {
  const { storage, proxy } = await throughProxy();
  await storage.write('blobs/replaced', Readable.from([randomBytes(3 * mebibyte)]));
  proxy.cutNext(1, mebibyte);
  const content = await storage.read('blobs/replaced');
  await storage.write('blobs/replaced', Readable.from([randomBytes(3 * mebibyte)]));
  await expect(buffer(content)).rejects.toThrow('pre-conditions');
});

test('uploads that were left behind are ended', async () => {
  const { s3Bucket: Bucket, s3Endpoint: endpoint, s3Region: region } = settings;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'chela/left/behind' }));
  await new S3Storage(settings).removeUnfinished(new Date());
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(Uploads ?? []).toEqual([]);
  client.destroy();
});

test('links download a blob directly, with a name and a type', async () => {
  const storage = new S3Storage(settings);
  await storage.write('blobs/linked', Readable.from([Buffer.from('a,b')]));
  const options = {
    lifetimeSeconds: 60,
    mediaType: 'text/csv',
    disposition: 'attachment; filename="rows.csv"',
  };
  const answer = await fetch((await storage.link('blobs/linked', options)) ?? '');
  expect(await answer.text()).toBe('a,b');
  expect(answer.headers.get('content-type')).toBe('text/csv');
  expect(answer.headers.get('content-disposition')).toBe(options.disposition);
  expect(
    await new S3Storage({ ...settings, downloads: 'api' }).link('blobs/linked', options),
  ).toBeUndefined();
});

test('two prefixes of a bucket share nothing', async () => {
  const other = new S3Storage({ ...settings, s3Prefix: 'other/' });
  await other.write('blobs/own', Readable.from([Buffer.from('other')]));
  expect(await new S3Storage(settings).size('blobs/own')).toBeUndefined();
  expect(await Array.fromAsync(other.keys())).toEqual(['blobs/own']);
});

test('a bucket that does not exist is reported with the setting that names it', async () => {
  await expect(new S3Storage({ ...settings, s3Bucket: 'nowhere' }).check()).rejects.toThrow(
    `the bucket nowhere at ${server.url} cannot be used: it does not exist (CHELA_S3_BUCKET)`,
  );
});

test('a store that does not answer is reported with its address', async () => {
  await expect(new S3Storage({ ...settings, s3Endpoint: 'http://127.0.0.1:1' }).check()).rejects.toThrow(
    /^the bucket s3-only at http:\/\/127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/,
  );
});

test('the certificate of the store may be from an authority of the operator', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-s3-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = await makeAuthority(folder);
  const [key, cert] = await Promise.all(
    ['key.pem', 'cert.pem'].map((name) => readFile(path.join(authority, name), 'utf8')),
  );
  const proxy = await startUnreliableProxy(server.url, { key: key ?? '', cert: cert ?? '' });
  onTestFinished(() => proxy.stop());
  const trusted = { ...settings, s3Endpoint: proxy.url, s3CaFile: path.join(authority, 'ca.pem') };
  const storage = new S3Storage(trusted);
  await storage.write('blobs/secure', Readable.from([Buffer.from('secure')]));
  expect(await text(await storage.read('blobs/secure'))).toBe('secure');
  await expect(new S3Storage({ ...trusted, s3CaFile: '' }).check()).rejects.toThrow(/certificate/);
});
