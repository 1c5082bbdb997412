/**
 * Room for the messages of workers in the memory of a runner, from the moment their size is known until they are answered. A
 * message without room waits, and with it the worker that sends it.
 */

/** Counted for each message besides its size: what a call costs while it is under way, with metadata of the largest size. */
export const callBytes = 16 * 1024;
/** A subtask has room for many small messages, also where large ones are refused. */
const leastOwnBytes = 1024 * 1024;

export interface MessageBudgetOptions {
  /** Largest message. */
  readonly messageLimitBytes: number;
  /** What all subtasks may have together, beyond the room of their own that each of them has. */
  readonly sharedBytes: number;
}

/** The room of one message. */
export interface Admission {
  /** Returns the room, or the place among the messages that wait. Idempotent. */
  release(): void;
}

/** The room of all subtasks of a runner. */
export class MessageBudget {
  /** Room of each subtask's own: its largest message fits sooner or later, whatever others do. */
  readonly ownBytes: number;
  readonly #sharedBytes: number;
  /** Subtasks with a message that waits; whose turn is next comes first. */
  readonly #waiting = new Set<SubtaskBudget>();
  #borrowedBytes = 0;

  constructor({ messageLimitBytes, sharedBytes }: MessageBudgetOptions) {
    this.ownBytes = Math.max(messageLimitBytes, leastOwnBytes) + callBytes;
    this.#sharedBytes = sharedBytes;
  }

  /** What the subtasks have of the shared room now. */
  get borrowedBytes(): number {
    return this.#borrowedBytes;
  }

  openSubtask(): SubtaskBudget {
    return new SubtaskBudget(this);
  }

  /** Takes shared room for a subtask. @returns false if there is not enough */
  borrow(bytes: number): boolean {
    if (this.#borrowedBytes + bytes > this.#sharedBytes) return false;
    this.#borrowedBytes += bytes;
    return true;
  }

  /** Takes shared room back, and lets subtasks take turns at it. */
  takeBack(bytes: number): void {
    this.#borrowedBytes -= bytes;
    for (const subtask of this.#waiting) {
      // One that was admitted goes to the end, where this loop visits it again.
      if (subtask.admitNext() && this.#waiting.delete(subtask)) this.#waiting.add(subtask);
    }
  }

  setWaiting(subtask: SubtaskBudget, isWaiting: boolean): void {
    if (isWaiting) this.#waiting.add(subtask);
    else this.#waiting.delete(subtask);
  }
}

interface WaitingMessage {
  readonly bytes: number;
  readonly onAdmitted: () => void;
}

/** The room of one subtask: its own, and as much again of the shared room. Its messages are admitted in their order. */
export class SubtaskBudget {
  readonly #budget: MessageBudget;
  readonly #waiting: WaitingMessage[] = [];
  #usedBytes = 0;

  /** Use `MessageBudget.openSubtask`. */
  constructor(budget: MessageBudget) {
    this.#budget = budget;
  }

  /** Room that its messages take now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** How many messages wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Asks for the room of a message.
   * @param sizeBytes of at most the limit; more counts as the limit
   * @param onAdmitted called once there is room, perhaps before this returns
   */
  admit(sizeBytes: number, onAdmitted: () => void): Admission {
    const message = { bytes: Math.min(sizeBytes + callBytes, this.#budget.ownBytes), onAdmitted };
    this.#waiting.push(message);
    this.#admitAll();
    let isReleased = false;
    return {
      release: () => {
        if (isReleased) return;
        isReleased = true;
        const place = this.#waiting.indexOf(message);
        if (place === -1) this.#free(message.bytes);
        else this.#waiting.splice(place, 1);
        this.#admitAll();
      },
    };
  }

  /** Admits the message that has waited longest, if there is room for it. @returns whether it did */
  admitNext(): boolean {
    const [next] = this.#waiting;
    if (next === undefined || !this.#take(next.bytes)) return false;
    this.#waiting.shift();
    if (this.#waiting.length === 0) this.#budget.setWaiting(this, false);
    next.onAdmitted();
    return true;
  }

  #admitAll(): void {
    while (this.admitNext());
    this.#budget.setWaiting(this, this.#waiting.length > 0);
  }

  #take(bytes: number): boolean {
    const borrowedBytes = this.#borrowedAt(this.#usedBytes + bytes);
    if (borrowedBytes > this.#budget.ownBytes) return false;
    if (!this.#budget.borrow(borrowedBytes - this.#borrowedAt(this.#usedBytes))) return false;
    this.#usedBytes += bytes;
    return true;
  }

  #free(bytes: number): void {
    const borrowedBytes = this.#borrowedAt(this.#usedBytes);
    this.#usedBytes -= bytes;
    const freedBytes = borrowedBytes - this.#borrowedAt(this.#usedBytes);
    if (freedBytes > 0) this.#budget.takeBack(freedBytes);
  }

  #borrowedAt(usedBytes: number): number {
    return Math.max(0, usedBytes - this.#budget.ownBytes);
  }
}
