import type { EventMap, EventName, Events } from '../../src/events/events.ts';

export type RecordedEvent = {
  [Name in EventName]: { readonly name: Name; readonly payload: EventMap[Name] };
}[EventName];

/** @returns a function that stops recording */
export function recordEvents(events: Events, record: (event: RecordedEvent) => void): () => void {
  return events.subscribeAll((name, payload) => record({ name, payload } as RecordedEvent));
}
