/**
 * Memory of the runner for workers' messages, from the moment their size is known until they are answered. A message
 * for which there is no memory waits, and so does the worker that sends it.
 */

/** Overhead per message: the cost of a call in progress, with metadata of the maximum size. */
export const callBytes = 16 * 1024;
/** A subtask always has room for many small messages, even if large ones are refused. */
const minOwnBytes = 1024 * 1024;

export interface MessageBudgetOptions {
  /** Maximum size of a message. */
  readonly messageLimitBytes: number;
  /** Memory that all subtasks share, in addition to each subtask's own. */
  readonly sharedBytes: number;
}

/** The memory of one message. */
export interface Admission {
  /** Releases the memory, or the place in the queue. Idempotent. */
  release(): void;
}

/** The memory of all subtasks of a runner. */
export class MessageBudget {
  /** Each subtask's own memory: its largest message eventually fits, whatever others do. */
  readonly ownBytes: number;
  readonly #sharedBytes: number;
  /** Subtasks with a waiting message, in the order of their turns. */
  readonly #waiting = new Set<SubtaskBudget>();
  #borrowedBytes = 0;

  constructor({ messageLimitBytes, sharedBytes }: MessageBudgetOptions) {
    this.ownBytes = Math.max(messageLimitBytes, minOwnBytes) + callBytes;
    this.#sharedBytes = sharedBytes;
  }

  /** Shared memory in use. */
  get borrowedBytes(): number {
    return this.#borrowedBytes;
  }

  openSubtask(): SubtaskBudget {
    return new SubtaskBudget(this);
  }

  /** Borrows shared memory for a subtask. @returns false if there is not enough */
  borrow(bytes: number): boolean {
    if (this.#borrowedBytes + bytes > this.#sharedBytes) return false;
    this.#borrowedBytes += bytes;
    return true;
  }

  /** Takes shared memory back, and lets waiting subtasks use it in turns. */
  takeBack(bytes: number): void {
    this.#borrowedBytes -= bytes;
    for (const subtask of this.#waiting) {
      // After an admission it goes to the end, where this loop visits it again.
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

/** The memory of one subtask: its own, and up to the same amount of shared memory. Messages are admitted in order. */
export class SubtaskBudget {
  readonly #budget: MessageBudget;
  readonly #waiting: WaitingMessage[] = [];
  #usedBytes = 0;

  /** Use `MessageBudget.openSubtask`. */
  constructor(budget: MessageBudget) {
    this.#budget = budget;
  }

  /** Memory that its messages use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Number of waiting messages. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Requests memory for a message.
   * @param sizeBytes sizes above the limit count as the limit
   * @param onAdmitted called once there is memory, possibly before this returns
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

  /** Admits the message that has waited longest, if there is memory for it. @returns whether it did */
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
