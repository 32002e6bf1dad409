/**
 * Values by key that are made when first asked for and forgotten when nobody asked for `idleMs`, or when there are too many: then
 * the one that was unused for the longest goes. Keys are clients' own words, so there has to be a bound. Pure: the time is an argument.
 */
export interface IdleMapOptions<V> {
  readonly idleMs: number;
  readonly sizeMax: number;
  readonly make: () => V;
}

interface Entry<V> {
  readonly value: V;
  usedMs: number;
}

export class IdleMap<V> {
  private readonly options: IdleMapOptions<V>;
  /** In the order of last use. */
  private readonly entries = new Map<string, Entry<V>>();

  constructor(options: IdleMapOptions<V>) {
    this.options = options;
  }

  get size(): number {
    return this.entries.size;
  }

  use(key: string, nowMs: number): V {
    const entry = this.entries.get(key) ?? { value: this.options.make(), usedMs: nowMs };
    entry.usedMs = nowMs;
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.forgetIdle(nowMs);
    return entry.value;
  }

  private forgetIdle(nowMs: number): void {
    const { idleMs, sizeMax } = this.options;
    for (const [key, { usedMs }] of this.entries) {
      if (nowMs - usedMs <= idleMs && this.entries.size <= sizeMax) return;
      this.entries.delete(key);
    }
  }
}
