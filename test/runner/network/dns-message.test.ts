import { describe, expect, test } from 'vitest';
import {
  addressRecord,
  nameRecord,
  readQuestion,
  responseCodes,
  reversedAddress,
  writeAnswer,
} from '../../../src/runner/network/dns-message.ts';

function question(labels: readonly string[], type = 1, questionClass = 1, flags = 0x0100): Buffer {
  const name = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]);
  const [header, tail] = [Buffer.alloc(12), Buffer.alloc(5)];
  header.writeUInt16BE(0xbeef, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(questionClass, 3);
  return Buffer.concat([header, ...name, tail]);
}

describe('a question', () => {
  test('is read in lower case, whatever follows it', () => {
    const asked = question(['Shop', 'EXAMPLE'], 28);
    const end = asked.length;
    expect(readQuestion(Buffer.concat([asked, Buffer.alloc(11)]))).toEqual({
      question: { name: 'shop.example', type: 28 },
      end,
    });
    expect(readQuestion(question([]))).toEqual({ question: { name: '', type: 1 }, end: 17 });
  });

  test.each<[string, Buffer, unknown]>([
    ['too short', Buffer.alloc(11), undefined],
    ['an answer', question(['a'], 1, 1, 0x8100), undefined],
    ['an update', question(['a'], 1, 1, 0x2800), { refusal: responseCodes.notImplemented }],
    ['of another class', question(['a'], 1, 3), { refusal: responseCodes.refused }],
    ['with a dot within a label', question(['127.0.0.1']), { refusal: responseCodes.noSuchName }],
    [
      'with a truncated name',
      question(['shop', 'example']).subarray(0, 20),
      { refusal: responseCodes.malformed },
    ],
    ['without its type', question(['shop']).subarray(0, 19), { refusal: responseCodes.malformed }],
    ['with a pointer', question(['a']).fill(0xc0, 12, 13), { refusal: responseCodes.malformed }],
    [
      'with an endless name',
      question(Array.from({ length: 200 }, () => 'label')),
      { refusal: responseCodes.malformed },
    ],
  ])('%s gets only an error code, or no answer', (_, message, expected) => {
    expect(readQuestion(message)).toEqual(expected);
  });
});

test('an answer repeats the question, and each record refers to its name', () => {
  const asked = question(['shop', 'example']);
  const records = [addressRecord('198.18.1.0'), addressRecord('fd63:6865:6c61:1::1:a'), nameRecord('a.bc')];
  const answer = writeAnswer(asked, responseCodes.done, { end: asked.length, records, seconds: 60 });
  expect(answer.subarray(0, 12).toString('hex')).toBe('beef81800001000300000000');
  expect(answer.subarray(12, asked.length)).toEqual(asked.subarray(12));
  expect(answer.subarray(asked.length).toString('hex')).toBe(
    'c00c000100010000003c0004c6120100' +
      'c00c001c00010000003c0010fd6368656c610001000000000001000a' +
      'c00c000c00010000003c0006016102626300',
  );
});

test('an answer without a question contains only the code', () => {
  const answer = writeAnswer(question(['a']), responseCodes.malformed);
  expect(answer.toString('hex')).toBe('beef81810000000000000000');
});

test.each([
  ['4.3.2.1.in-addr.arpa', '1.2.3.4'],
  ['0.1.18.198.in-addr.arpa', '198.18.1.0'],
  ['0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.1.6.c.6.5.6.8.6.3.6.d.f.ip6.arpa', 'fd63:6865:6c61:1::100'],
  ['0.0.0.0.1.6.c.6.5.6.8.6.3.6.d.f.ip6.arpa', undefined],
  ['3.2.1.in-addr.arpa', undefined],
  ['arpa', undefined],
  ['x.ip6.arpa', undefined],
])('%s is about %s', (name, address) => {
  expect(reversedAddress(name)).toBe(address);
});
