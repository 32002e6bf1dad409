/**
 * Who waits for an offset to be passed, in the order of the offsets.
 *
 * Appends arrive in offset order, so a new waiter nearly always goes to the end; only a duplicate batch, which is
 * acknowledged with its old offset, has to look for its place. Both ends are therefore O(1) in practice and nothing is
 * allocated per wait but the entry itself.
 */
interface Entry<T> {
  readonly offset: number;
  readonly waiter: T;
}

export class OffsetWaiters<T> {
  private entries: Entry<T>[] = [];
  /** Entries before this index were released; they are dropped in bulk. */
  private head = 0;

  get size(): number {
    return this.entries.length - this.head;
  }

  /** Lets `waiter` wait until the watched offset is at least `offset`. */
  add(offset: number, waiter: T): void {
    const entries = this.entries;
    let at = entries.length;
    while (at > this.head && entries[at - 1]!.offset > offset) at -= 1;
    if (at === entries.length) entries.push({ offset, waiter });
    else entries.splice(at, 0, { offset, waiter });
  }

  /** Takes out the first waiter whose offset is at most `offset`: call it until it returns undefined. */
  takeReached(offset: number): T | undefined {
    const entry = this.entries[this.head];
    if (entry === undefined || entry.offset > offset) return undefined;
    this.advance();
    return entry.waiter;
  }

  /** Takes out every waiter, whatever it waits for. */
  takeAll(): T[] {
    const waiters = this.entries.slice(this.head).map((entry) => entry.waiter);
    this.entries = [];
    this.head = 0;
    return waiters;
  }

  /** Takes `waiter` out, wherever it stands: for the rare one that gives up. */
  remove(waiter: T): void {
    this.entries = this.entries.slice(this.head).filter((entry) => entry.waiter !== waiter);
    this.head = 0;
  }

  private advance(): void {
    this.head += 1;
    if (this.head === this.entries.length) {
      this.entries.length = 0;
      this.head = 0;
    } else if (this.head >= 64 && this.head * 2 >= this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
  }
}
