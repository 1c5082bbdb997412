import { expect, test } from 'vitest';
import { collapsedHosts } from '../../src/egress/host-proposal.ts';

function collapsed(...hosts: string[]): string[] {
  return collapsedHosts(
    hosts.map((text) => {
      const end = text.lastIndexOf(' ');
      return end < 0
        ? { host: text, port: 443 }
        : { host: text.slice(0, end), port: Number(text.slice(end + 1)) };
    }),
  );
}

test('hosts of the web are proposed without a port, others with theirs', () => {
  expect(
    collapsed('example.com 80', 'example.com 443', 'mail.example.com 993', 'mail.example.com 25'),
  ).toEqual(['example.com', 'mail.example.com:25', 'mail.example.com:993']);
  expect(collapsed('8.8.8.8', '2606:4700::1 8443', '2606:4700::2')).toEqual([
    '2606:4700::2',
    '8.8.8.8',
    '[2606:4700::1]:8443',
  ]);
  expect(collapsed(...[1, 2, 3, 4, 5].map((port) => `example.com ${port}`))).toEqual(['example.com']);
});

test('four subdomains of a domain become a wildcard, as narrow as possible', () => {
  const few = ['a.example.com', 'b.example.com', 'c.example.com'];
  expect(collapsed(...few)).toEqual(few);
  expect(collapsed(...few, 'd.example.com', 'example.com')).toEqual(['*.example.com', 'example.com']);
  expect(collapsed('a.cdn.example.com', 'b.cdn.example.com', 'c.cdn.example.com', 'cdn.example.com')).toEqual(
    ['*.cdn.example.com', 'cdn.example.com'],
  );
});

test('hosts of different owners never become a wildcard', () => {
  const british = ['a.co.uk', 'b.co.uk', 'c.co.uk', 'd.co.uk'];
  expect(collapsed(...british)).toEqual(british);
  const pages = ['a.github.io', 'b.github.io', 'c.github.io', 'd.github.io'];
  expect(collapsed(...pages)).toEqual(pages);
  const single = ['a', 'b', 'c', 'd'];
  expect(collapsed(...single)).toEqual(single);
});
