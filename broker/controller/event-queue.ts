/**
 * The controller's events, one after the other: no event sees half of another's work. An event with a `key` that already waits is
 * not queued twice, because what it would look at it will see then anyway; so watches that fire often cost one look.
 */
export class EventQueue {
  private readonly waiting: { key: string | null; run: () => Promise<void> }[] = [];
  private readonly onError: (error: unknown, key: string | null) => void;
  private running: Promise<void> | null = null;

  constructor(onError: (error: unknown, key: string | null) => void) {
    this.onError = onError;
  }

  put(key: string | null, run: () => Promise<void>): void {
    if (key !== null && this.waiting.some((event) => event.key === key)) return;
    this.waiting.push({ key, run });
    this.running ??= this.drain();
  }

  /** Forgets what waits; what runs goes on. */
  clear(): void {
    this.waiting.length = 0;
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  private async drain(): Promise<void> {
    // The first event starts in a later microtask, so that `running` is set before it can put another.
    await Promise.resolve();
    for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift()) {
      try {
        await event.run();
      } catch (error) {
        this.onError(error, event.key);
      }
    }
    this.running = null;
  }
}
