import type { EventName, Events, InternalWork } from './events.ts';

export interface EventCount {
  readonly event: EventName;
  /** The kind of work that failed, for failures of the platform's own work. */
  readonly work: InternalWork | undefined;
  readonly count: number;
}

/** How often each event happened in this process. */
export class EventCounts {
  readonly #counts = new Map<EventName, Map<InternalWork | undefined, number>>();

  constructor(events: Events) {
    events.subscribeAll((name, payload) => {
      this.#add(name, 'work' in payload ? payload.work : undefined);
    });
  }

  /** Events that have happened, by name. */
  list(): EventCount[] {
    const counts = [...this.#counts].flatMap(([event, byWork]) =>
      Array.from(byWork, ([work, count]) => ({ event, work, count })),
    );
    return counts.toSorted((one, other) => order(one).localeCompare(order(other)));
  }

  #add(event: EventName, work: InternalWork | undefined): void {
    const byWork = this.#counts.get(event) ?? new Map<InternalWork | undefined, number>();
    byWork.set(work, (byWork.get(work) ?? 0) + 1);
    this.#counts.set(event, byWork);
  }
}

function order({ event, work }: EventCount): string {
  return `${event} ${work ?? ''}`;
}
