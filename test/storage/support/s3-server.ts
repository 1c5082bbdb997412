/** A real S3 server on a free port: moto, from PyPI. It keeps its objects in memory and temporary files. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { S3Settings } from '../../../src/storage/storages/s3.ts';
import { preparePython } from '../../support/python-environment.ts';

const requirements = path.join(import.meta.dirname, 'requirements.txt');

export interface S3Server {
  readonly url: string;
  /** Settings of a storage in a bucket of its own, which this creates. */
  bucket: (name: string) => Promise<S3Settings>;
  stop: () => Promise<void>;
}

export async function startS3Server(host = '127.0.0.1'): Promise<S3Server> {
  const python = await preparePython(requirements);
  const server = spawn(python, ['-m', 'moto.server', '--host', host, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit');
  let url: string | undefined;
  for await (const line of createInterface(server.stderr)) {
    url = /Running on (http:\/\/[\d.]+:\d+)/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  if (url === undefined) throw new Error('the S3 server ended before it listened');
  server.stderr.resume();
  return {
    url,
    bucket: (name) => createBucket(url, name),
    stop: async () => void (server.kill(), await ended),
  };
}

async function createBucket(url: string, name: string): Promise<S3Settings> {
  const settings = {
    s3Bucket: name,
    s3Prefix: 'chela/',
    s3Endpoint: url,
    s3Region: 'eu-central-1',
    s3AccessKeyId: 'test',
    s3SecretAccessKey: 'test',
    s3PathStyle: true,
    s3CaFile: '',
    s3Checksums: true,
    downloads: 'storage',
  } as const;
  const credentials = { accessKeyId: settings.s3AccessKeyId, secretAccessKey: settings.s3SecretAccessKey };
  const client = new S3Client({
    endpoint: url,
    region: settings.s3Region,
    credentials,
    forcePathStyle: true,
  });
  const place = { LocationConstraint: settings.s3Region };
  await client.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: place }));
  client.destroy();
  return settings;
}
