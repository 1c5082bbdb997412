import { isIPv6 } from 'node:net';
import { expect, test } from 'vitest';
import { AddressBook, isStandIn } from '../../../src/runner/network/address-book.ts';
import { QuestionBudget } from '../../../src/runner/network/question-budget.ts';

test('a name keeps its addresses, and each leads back to the name', () => {
  const book = new AddressBook();
  const one = book.standInFor('one.example');
  const two = book.standInFor('two.example');
  expect(book.standInFor('one.example')).toEqual(one);
  expect(one).toMatchObject({ ipv4: '198.18.1.0', ipv6: 'fd63:6865:6c61:1::100' });
  expect([one?.ipv4, one?.ipv6, two?.ipv4, two?.ipv6].map((address) => book.nameOf(address ?? ''))).toEqual([
    'one.example',
    'one.example',
    'two.example',
    'two.example',
  ]);
  expect(book.nameOf('198.18.9.9')).toBeUndefined();
});

test('a full book drops only names that were not used for a while', () => {
  let now = 0;
  const book = new AddressBook(() => now);
  const kept = book.standInFor('kept.example');
  let count = 0;
  while (book.standInFor(`n${count}.example`) !== undefined) count += 1;
  expect(count).toBe(32_767);
  now += 100_000;
  expect(book.nameOf(kept?.ipv4 ?? '')).toBe('kept.example');
  expect(book.standInFor('late.example')).toBeUndefined();
  now += 30_000;
  const late = book.standInFor('late.example');
  expect(late).toBeDefined();
  expect(book.nameOf(kept?.ipv4 ?? '')).toBe('kept.example');
  expect(book.nameOf('198.18.1.1')).toBeUndefined();
});

test('long names do not exceed its memory limit', () => {
  const book = new AddressBook(() => 0);
  let count = 0;
  while (book.standInFor(String(count).padStart(250, 'x')) !== undefined) count += 1;
  expect(count).toBe(8388);
});

test('addresses are distinct, in their ranges, and in the form that sockets report', () => {
  let now = 0;
  const book = new AddressBook(() => now);
  const seen = new Set<string>();
  for (let count = 0; count < 130_816; count += 1) {
    now += 60;
    const { ipv4 = '', ipv6 = '' } = book.standInFor(`n${count}`) ?? {};
    seen.add(ipv4).add(ipv6);
    if (count % 997 !== 0) continue;
    expect(isStandIn(ipv4) && isStandIn(ipv6) && isIPv6(ipv6)).toBe(true);
    expect(URL.parse(`http://[${ipv6}]/`)?.hostname).toBe(`[${ipv6}]`);
  }
  expect(seen.size).toBe(2 * 130_816);
  expect(seen).toContain('198.19.255.255');
});

test('queries above the limit per second are not answered, and an endless flood gets no more answers at all', () => {
  let now = 0;
  const notices: string[] = [];
  const budget = new QuestionBudget(
    (message) => notices.push(message),
    () => now,
  );
  const answered = (count: number): number =>
    Array.from({ length: count }, () => budget.take()).filter(Boolean).length;
  expect(answered(30_000)).toBe(20_000);
  now += 1000;
  expect(answered(3000)).toBe(2000);
  expect(notices).toEqual(['more than 2000 DNS queries per second: some are not answered']);
  now += 1_000_000;
  expect(answered(19_000)).toBe(19_000);
  expect(budget.isExhausted).toBe(false);
  expect(answered(60_000)).toBe(1000);
  expect(budget.isExhausted).toBe(true);
  now += 1_000_000;
  expect(budget.take()).toBe(false);
  expect(notices).toHaveLength(2);
});
