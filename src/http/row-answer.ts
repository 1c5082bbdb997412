/** Answers with a page of rows. Large rows are read and sent one after the other, so that only one is in memory. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stringifyJson } from '../json/lossless-json.ts';
import { LargeRow, type ListedRow, type ResultRow } from '../results/results.ts';
import { success, type SuccessWith } from './envelope.ts';

/** Where the rows belong. Within JSON's strings its quotes would be escaped, so it occurs nowhere else. */
const emptyList = '"list":[]';

/**
 * @param rows become `list` in what `answerWith` returns; no other list in it is empty and has this name
 * @returns the envelope, or the reply if that is sent as a stream
 */
export function answerWithRows<Data>(
  request: FastifyRequest,
  reply: FastifyReply,
  rows: readonly ListedRow[],
  answerWith: (list: ResultRow[]) => Data,
): SuccessWith<Data> {
  if (rows.every((row): row is ResultRow => !(row instanceof LargeRow))) {
    return success(request, answerWith([...rows]));
  }
  const [before = '', after = ''] = stringifyJson(success(request, answerWith([]))).split(emptyList, 2);
  const parts = async function* (): AsyncGenerator<string> {
    yield `${before}"list":[`;
    let separator = '';
    for (const listed of rows) {
      const row = listed instanceof LargeRow ? await listed.load() : listed;
      if (row === undefined) continue;
      yield separator + stringifyJson(row);
      separator = ',';
    }
    yield `]${after}`;
  };
  void reply.type('application/json; charset=utf-8');
  const stream = Readable.from(parts(), { highWaterMark: 1 });
  // The types of answers do not know streams.
  return reply.send(stream) as unknown as SuccessWith<Data>;
}
