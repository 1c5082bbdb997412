import { setting } from '../setting.ts';
import { flag, httpUrl, oneOf, text } from '../setting-parsers.ts';

/** The kinds of storage. */
export const storageKinds = ['folder', 's3'] as const;

/** Where blobs are stored: worker packages, exports, icons and files of runs. */
export const storageSettings = {
  storage: setting<(typeof storageKinds)[number]>({
    environment: 'CHELA_STORAGE',
    default: 'folder',
    parse: oneOf(...storageKinds),
    describe:
      'folder stores in the data folder, which several machines would have to share. s3 stores in a bucket.',
  }),
  storagePrevious: setting<'' | (typeof storageKinds)[number]>({
    environment: 'CHELA_STORAGE_PREVIOUS',
    default: '',
    defaultText: 'none',
    parse: oneOf(...storageKinds),
    describe: 'Where to look for what `chela storage move` has not moved yet.',
  }),
  downloads: setting<'api' | 'storage'>({
    environment: 'CHELA_DOWNLOADS',
    default: 'api',
    parse: oneOf('api', 'storage'),
    describe:
      'Who sends exports and downloaded files: the API, or the store itself by a redirect to a link of its own.',
  }),
  s3Bucket: setting<string>({
    environment: 'CHELA_S3_BUCKET',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'Bucket to store in. It must exist.',
  }),
  s3Prefix: setting<string>({
    environment: 'CHELA_S3_PREFIX',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'What the keys of all objects start with, such as chela/.',
  }),
  s3Endpoint: setting<string>({
    environment: 'CHELA_S3_ENDPOINT',
    default: '',
    defaultText: 'Amazon S3 in the region',
    parse: httpUrl,
    describe: 'URL of the store.',
  }),
  s3Region: setting<string>({
    environment: 'CHELA_S3_REGION',
    default: 'us-east-1',
    parse: text,
    describe: 'Region that requests are signed for.',
  }),
  s3AccessKeyId: setting<string>({
    environment: 'CHELA_S3_ACCESS_KEY_ID',
    default: '',
    defaultText: 'the credentials of the environment, such as a role',
    parse: text,
    describe: 'Access key of the store.',
  }),
  s3SecretAccessKey: setting<string>({
    environment: 'CHELA_S3_SECRET_ACCESS_KEY',
    default: '',
    defaultText: 'none',
    parse: text,
    describe: 'Secret of the access key.',
    secret: true,
  }),
  s3PathStyle: setting<boolean>({
    environment: 'CHELA_S3_PATH_STYLE',
    default: false,
    parse: flag,
    describe:
      'Name the bucket in the path of the URL instead of its host, as many self-hosted stores need it.',
  }),
  s3CaFile: setting<string>({
    environment: 'CHELA_S3_CA_FILE',
    default: '',
    defaultText: "Node's own list",
    parse: text,
    describe: "File with the certificates of the authorities that may have signed the store's certificate.",
  }),
  s3Checksums: setting<boolean>({
    environment: 'CHELA_S3_CHECKSUMS',
    default: true,
    parse: flag,
    describe: 'Send checksums, and verify those of the store. Some older stores refuse them.',
  }),
} as const;
