/** Stores blobs as objects of a bucket, in any store that speaks S3. */
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import {
  BlobExistsError,
  BlobNotFoundError,
  checkKey,
  type ByteRange,
  type LinkOptions,
  type Storage,
  type WriteOptions,
} from '../storage.ts';

const mebibyte = 1024 * 1024;
/** A store takes at most 10,000 parts of one object, so this is also 1/10,000 of the largest blob. */
const partBytes = 8 * mebibyte;
/** Parts that one write sends at a time. With the one being collected, it buffers one part more. */
const partsAtOnce = 2;
/** Attempts at one request. The client waits longer before each. */
const maxAttempts = 5;
/** Requests for the rest of a blob after the connection broke, in a row without any byte. */
const maxResumptions = 3;
const connectionTimeout = 5000;
/** Until an answer begins. The rest of a blob may take as long as its reader. */
const requestTimeout = 60_000;

export interface S3Settings {
  readonly s3Bucket: string;
  /** What keys in the bucket start with. */
  readonly s3Prefix: string;
  /** URL of the store; empty for that of Amazon in the region. */
  readonly s3Endpoint: string;
  readonly s3Region: string;
  /** Empty for what the environment of the process offers, such as a role. */
  readonly s3AccessKeyId: string;
  readonly s3SecretAccessKey: string;
  /** Name the bucket in the path of the URL, not in its host. */
  readonly s3PathStyle: boolean;
  /** File with the certificates of the authorities that the store's certificate may be from; empty for the usual ones. */
  readonly s3CaFile: string;
  /** Whether the store itself may send downloads. */
  readonly downloads: 'api' | 'storage';
  /** Send checksums that the store verifies, and verify its own. */
  readonly s3Checksums: boolean;
}

/** @throws Error that names the setting */
function authoritiesIn(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`CHELA_S3_CA_FILE cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Name and HTTP status of an error of the store. */
function factsOf(error: unknown): { name?: string; status?: number } {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return { name, status: $metadata?.httpStatusCode };
}

function isMissing(error: unknown): boolean {
  const { name, status } = factsOf(error);
  return name === 'NoSuchKey' || name === 'NotFound' || (status === 404 && name !== 'NoSuchBucket');
}

/** The store has a blob of that key, or one is being written at the same time. */
function isTaken(error: unknown): boolean {
  const { status } = factsOf(error);
  return status === 412 || status === 409;
}

export class S3Storage implements Storage {
  readonly #settings: S3Settings;
  #loading: Promise<S3Client> | undefined;

  constructor(settings: S3Settings) {
    this.#settings = settings;
  }

  /** Loaded at the first use: other kinds of storage do not need it. */
  get #client(): Promise<S3Client> {
    this.#loading ??= this.#connect();
    return this.#loading;
  }

  async #connect(): Promise<S3Client> {
    const { s3Endpoint, s3Region, s3AccessKeyId, s3SecretAccessKey, s3PathStyle, s3CaFile, s3Checksums } =
      this.#settings;
    const { S3Client: Client } = await import('@aws-sdk/client-s3');
    const checksums = s3Checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
    return new Client({
      region: s3Region,
      ...(s3Endpoint === '' ? {} : { endpoint: s3Endpoint }),
      ...(s3AccessKeyId === ''
        ? {}
        : { credentials: { accessKeyId: s3AccessKeyId, secretAccessKey: s3SecretAccessKey } }),
      forcePathStyle: s3PathStyle,
      requestChecksumCalculation: checksums,
      responseChecksumValidation: checksums,
      maxAttempts,
      requestHandler: {
        connectionTimeout,
        requestTimeout,
        ...(s3CaFile === ''
          ? {}
          : { httpsAgent: new Agent({ keepAlive: true, ca: authoritiesIn(s3CaFile) }) }),
      },
    });
  }

  /** Bucket and key of a blob, as every request names them. */
  #place(key: string): { Bucket: string; Key: string } {
    checkKey(key);
    return { Bucket: this.#settings.s3Bucket, Key: `${this.#settings.s3Prefix}${key}` };
  }

  async write(key: string, content: Readable, { ifMissing = false }: WriteOptions = {}): Promise<number> {
    const place = this.#place(key);
    // It may fail before anything listens; then the upload reports the error.
    content.on('error', () => undefined);
    let sizeBytes = 0;
    async function* counted(): AsyncIterable<Uint8Array> {
      for await (const piece of content as AsyncIterable<Uint8Array>) {
        sizeBytes += piece.byteLength;
        yield piece;
      }
    }
    try {
      const { Upload } = await import('@aws-sdk/lib-storage');
      const body = Readable.from(counted(), { objectMode: false });
      await new Upload({
        client: await this.#client,
        params: { ...place, Body: body, ...(ifMissing ? { IfNoneMatch: '*' } : {}) },
        partSize: partBytes,
        queueSize: partsAtOnce,
      }).done();
      return sizeBytes;
    } catch (error) {
      throw ifMissing && isTaken(error) ? new BlobExistsError(key) : error;
    } finally {
      content.destroy();
    }
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    const first = await this.#get(key, range);
    return Readable.from(this.#pieces(key, range, first), { objectMode: false });
  }

  async #get(key: string, range: ByteRange | undefined, etag?: string): Promise<ReceivedBlob> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      const answer = await (
        await this.#client
      ).send(
        new GetObjectCommand({
          ...this.#place(key),
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
          ...(etag === undefined ? {} : { IfMatch: etag }),
        }),
      );
      return { body: answer.Body as Readable, sizeBytes: answer.ContentLength ?? 0, etag: answer.ETag };
    } catch (error) {
      throw isMissing(error) ? new BlobNotFoundError(key) : error;
    }
  }

  /** The bytes of a blob. If the connection breaks, the rest is requested again, provided that the blob is the same. */
  async *#pieces(
    key: string,
    range: ByteRange | undefined,
    first: ReceivedBlob,
  ): AsyncIterable<Uint8Array, void> {
    const start = range?.start ?? 0;
    const end = start + first.sizeBytes - 1;
    let [next, body, resumptions] = [start, first.body, 0];
    for (;;) {
      try {
        for await (const piece of body as AsyncIterable<Uint8Array>) {
          next += piece.byteLength;
          resumptions = 0;
          yield piece;
        }
        return;
      } catch (error) {
        resumptions += 1;
        if (resumptions > maxResumptions || next > end) throw error;
      } finally {
        body.destroy();
      }
      ({ body } = await this.#get(key, { start: next, end }, first.etag));
    }
  }

  async size(key: string): Promise<number | undefined> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      const answer = await (await this.#client).send(new HeadObjectCommand(this.#place(key)));
      return answer.ContentLength;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    await (await this.#client).send(new DeleteObjectCommand(this.#place(key)));
  }

  async *keys(): AsyncIterable<string> {
    const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
    const { s3Bucket, s3Prefix } = this.#settings;
    const pages = paginateListObjectsV2(
      { client: await this.#client },
      { Bucket: s3Bucket, Prefix: s3Prefix },
    );
    for await (const { Contents = [] } of pages)
      for (const { Key = '' } of Contents) yield Key.slice(s3Prefix.length);
  }

  async link(
    key: string,
    { lifetimeSeconds, mediaType, disposition }: LinkOptions,
  ): Promise<string | undefined> {
    if (this.#settings.downloads === 'api') return undefined;
    const [{ GetObjectCommand }, { getSignedUrl }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/s3-request-presigner'),
    ]);
    const command = new GetObjectCommand({
      ...this.#place(key),
      ResponseContentType: mediaType,
      ResponseContentDisposition: disposition,
    });
    return getSignedUrl(await this.#client, command, { expiresIn: lifetimeSeconds });
  }

  async check(): Promise<void> {
    const { HeadBucketCommand } = await import('@aws-sdk/client-s3');
    const { s3Bucket, s3Endpoint, s3Region } = this.#settings;
    const store = s3Endpoint === '' ? `Amazon S3 in ${s3Region}` : s3Endpoint;
    try {
      await (await this.#client).send(new HeadBucketCommand({ Bucket: s3Bucket }));
    } catch (error) {
      const { name, status } = factsOf(error);
      const reason =
        status === 404
          ? 'it does not exist (CHELA_S3_BUCKET)'
          : status === 403
            ? 'access is denied (CHELA_S3_ACCESS_KEY_ID, CHELA_S3_SECRET_ACCESS_KEY)'
            : name === undefined || name === 'Error'
              ? (error as Error).message
              : `${name}: ${(error as Error).message}`;
      throw new Error(`the bucket ${s3Bucket} at ${store} cannot be used: ${reason}`, { cause: error });
    }
  }

  /** Parts that were uploaded cost space until the upload that they belong to ends. */
  async removeUnfinished(before: Date): Promise<void> {
    const { AbortMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    for await (const upload of this.#unfinishedUploads()) {
      if ((await this.#lastPart(upload)) >= before) continue;
      await (await this.#client).send(new AbortMultipartUploadCommand(upload.place));
    }
  }

  async *#unfinishedUploads(): AsyncIterable<UnfinishedUpload> {
    const { ListMultipartUploadsCommand } = await import('@aws-sdk/client-s3');
    const { s3Bucket: Bucket, s3Prefix: Prefix } = this.#settings;
    let next: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (next !== undefined) {
      const { Uploads = [], ...page }: ListMultipartUploadsCommandOutput = await (
        await this.#client
      ).send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...next }));
      for (const { Key = '', UploadId = '', Initiated } of Uploads)
        if (Initiated !== undefined) yield { place: { Bucket, Key, UploadId }, begun: Initiated };
      next =
        page.IsTruncated === true
          ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
          : undefined;
    }
  }

  /** When the last part of an upload arrived; its start if none did. */
  async #lastPart({ place, begun }: UnfinishedUpload): Promise<Date> {
    const { ListPartsCommand } = await import('@aws-sdk/client-s3');
    let [last, next]: [Date, string | undefined] = [begun, '0'];
    while (next !== undefined) {
      const page: ListPartsCommandOutput = await (
        await this.#client
      ).send(new ListPartsCommand({ ...place, PartNumberMarker: next }));
      for (const { LastModified } of page.Parts ?? [])
        if (LastModified !== undefined && LastModified > last) last = LastModified;
      next = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
    }
    return last;
  }
}

/** What the store began to send. */
interface ReceivedBlob {
  readonly body: Readable;
  readonly sizeBytes: number;
  readonly etag: string | undefined;
}

interface UnfinishedUpload {
  readonly place: { readonly Bucket: string; readonly Key: string; readonly UploadId: string };
  readonly begun: Date;
}
