/**
 * The controller's events, one after the other: no event sees half of another's work. An event with a `key` that already waits is
 * not queued twice, because what it would look at it will see then anyway; so watches that fire often cost one look.
 */
interface Event {
  key: string | null;
  run: () => Promise<void>;
  dropped: (() => void) | undefined;
}

export class EventQueue {
  private waiting: Event[] = [];
  /** The oldest of `waiting` that was not taken. */
  private head = 0;
  private readonly waitingKeys = new Set<string>();
  private readonly onError: (error: unknown, key: string | null) => void;
  private running: Promise<void> | null = null;

  constructor(onError: (error: unknown, key: string | null) => void) {
    this.onError = onError;
  }

  /** `dropped` is called instead of `run` when the queue is cleared first. */
  put(key: string | null, run: () => Promise<void>, dropped?: () => void): void {
    if (key !== null) {
      if (this.waitingKeys.has(key)) return;
      this.waitingKeys.add(key);
    }
    this.waiting.push({ key, run, dropped });
    this.running ??= this.drain();
  }

  /** Forgets what waits; what runs goes on. */
  clear(): void {
    for (let event = this.next(); event !== undefined; event = this.next()) event.dropped?.();
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  private next(): Event | undefined {
    const event = this.waiting[this.head];
    if (event === undefined) {
      this.waiting = [];
      this.head = 0;
      return undefined;
    }
    this.waiting[this.head++] = undefined as never; // let go of it now
    if (event.key !== null) this.waitingKeys.delete(event.key);
    return event;
  }

  private async drain(): Promise<void> {
    // The first event starts in a later microtask, so that `running` is set before it can put another.
    await Promise.resolve();
    for (let event = this.next(); event !== undefined; event = this.next()) {
      try {
        await event.run();
      } catch (error) {
        this.onError(error, event.key);
      }
    }
    this.running = null;
  }
}
