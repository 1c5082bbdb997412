import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateCallbackSecret, signature } from '../../src/callbacks/signature.ts';

const secret = generateCallbackSecret();
const sentAt = 1_782_091_211;
const body = '{"run_slug":"01KKDXV2G26BT7NH4ZQR2R4NPZ","error_message":"äöü 你好"}';
const header = signature(secret, sentAt, body);

const page = readFileSync(new URL('../../docs/callbacks.md', import.meta.url), 'utf8');

function example(language: string): string {
  const code = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(page)?.[1];
  if (code === undefined) throw new Error(`docs/callbacks.md has no example in ${language}`);
  return code;
}

interface Request {
  readonly secret: string;
  readonly header: string;
  readonly body: string;
  readonly nowSeconds: number;
}

async function verifyInNode(request: Request): Promise<boolean> {
  const url = `data:text/javascript,${encodeURIComponent(example('js'))}`;
  const module = (await import(/* @vite-ignore */ url)) as {
    isFromChela: (secret: string, header: string, body: string, nowSeconds: number) => boolean;
  };
  return module.isFromChela(request.secret, request.header, request.body, request.nowSeconds);
}

async function verifyInPython(request: Request): Promise<boolean> {
  const program = `${example('python')}
import json, sys
r = json.load(sys.stdin)
print(is_from_chela(r["secret"], r["header"], r["body"].encode(), r["nowSeconds"]))
`;
  const { stdout, stderr, error } = spawnSync('python3', ['-c', program], {
    input: JSON.stringify(request),
    encoding: 'utf8',
  });
  if (error !== undefined || stderr !== '') throw error ?? new Error(stderr);
  return stdout.trim() === 'True';
}

test('a secret is long, random and recognizable among other keys', () => {
  expect(secret).toMatch(/^chela_cs_[0-9a-f]{64}$/);
  expect(generateCallbackSecret()).not.toBe(secret);
});

test('the signature is the documented HMAC', () => {
  expect(signature('secret', 1_782_091_211, '{}')).toBe(
    't=1782091211,v1=fed963c558b9abf56f717096e7a7d3c4a211be2f948fba5c2434ef8e0ac9c656',
  );
});

describe.each([
  ['Node', verifyInNode],
  ['Python', verifyInPython],
])('the documented check in %s', (_, verify) => {
  const request: Request = { secret, header, body, nowSeconds: sentAt + 10 };

  test('accepts what Chela signs', async () => {
    expect(await verify(request)).toBe(true);
  });

  test.each<[string, Partial<Request>]>([
    ['another body', { body: body.replace('你', '我') }],
    ['another secret', { secret: generateCallbackSecret() }],
    ['an old request', { nowSeconds: sentAt + 301 }],
    ['a request from the future', { nowSeconds: sentAt - 301 }],
    ['another time', { header: header.replace(`t=${sentAt}`, `t=${sentAt + 1}`) }],
    ['no signature', { header: '' }],
    ['half a signature', { header: `t=${sentAt}` }],
    ['nonsense', { header: 'v1=zz,t=x' }],
  ])('refuses %s', async (_name, changes) => {
    expect(await verify({ ...request, ...changes })).toBe(false);
  });
});
