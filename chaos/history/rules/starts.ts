/** Rules about starting runs and finding them again. */
import { grouped, succeeded } from '../history.ts';
import type { Rule } from '../rule.ts';

export const oneRunPerKey: Rule = {
  name: 'starts with one key start one run',
  page: 'errors.md',
  sentence: 'the same key starts the run only once',
  broken: (history) => {
    const starts = history.of('start').filter((start) => succeeded(start));
    const byKey = grouped(starts, ({ key }) => key);
    const byRun = grouped(starts, ({ run = '' }) => run);
    return [
      ...Array.from(byKey, ([key, group]) => ({ key, runs: new Set(group.map(({ run }) => run)) }))
        .filter(({ runs }) => runs.size > 1)
        .map(({ key, runs }) => `the key ${key} started the runs ${[...runs].join(', ')}`),
      ...Array.from(byRun, ([run, group]) => ({ run, keys: new Set(group.map(({ key }) => key)) }))
        .filter(({ keys }) => keys.size > 1)
        .map(({ run, keys }) => `the keys ${[...keys].join(', ')} started the same run ${run}`),
    ];
  },
};

export const startedRunIsFound: Rule = {
  name: 'a started run is found',
  page: 'run-lifecycle.md',
  sentence: 'Otherwise it stores the run and all its subtasks together.',
  broken: (history) => {
    const started = new Map(
      history
        .of('start')
        .filter((start) => succeeded(start))
        .map(({ run = '', endedMs }) => [run, endedMs]),
    );
    return [...history.of('read'), ...history.of('page'), ...history.of('abort')]
      .filter(({ http, run, beganMs }) => http === 404 && beganMs > (started.get(run) ?? Infinity))
      .map(({ run, op }) => `the run ${run} was started, but "${op}" answered 404`);
  },
};

/** Only orders that are certain: a run is older than another if its start was answered before the other was requested. */
export const lastIsTheNewest: Rule = {
  name: 'last never goes back',
  page: 'using-the-api.md',
  sentence: '`last` in a path is the newest run in scope, whatever its status.',
  broken: (history) => {
    const starts = history.of('start');
    const answered = starts.filter((start) => succeeded(start));
    const answeredAt = grouped(answered, ({ run = '' }) => run);
    const requests = grouped(starts, ({ key }) => key);
    const certain = Array.from(answeredAt, ([run, [first]]) => ({
      run,
      knownMs: first?.endedMs ?? Infinity,
      // An earlier request with this key may have started it.
      requestedMs: Math.min(...(requests.get(first?.key ?? '') ?? []).map(({ beganMs }) => beganMs)),
    })).toSorted((one, other) => one.requestedMs - other.requestedMs);
    const order = new Map(certain.map((one) => [one.run, one]));
    const reads = history.of('last').filter((read) => succeeded(read));
    return [
      ...reads.flatMap((read) => {
        const seen = order.get(read.run ?? '');
        if (seen === undefined) return [];
        const newer = certain.find(
          ({ knownMs, requestedMs }) => knownMs < read.beganMs && requestedMs > seen.knownMs,
        );
        return newer === undefined
          ? []
          : [`last was ${seen.run} although ${newer.run} had been started after it`];
      }),
      ...reads
        .toSorted((one, other) => one.endedMs - other.endedMs)
        .flatMap((read, index, sorted) => {
          const next = sorted.slice(index + 1).find(({ beganMs }) => beganMs > read.endedMs);
          const [newer, older] = [order.get(read.run ?? ''), order.get(next?.run ?? '')];
          if (newer === undefined || older === undefined || newer.requestedMs <= older.knownMs) return [];
          return [`last was ${newer.run} and then ${older.run}, which had been started before it`];
        }),
    ];
  },
};
