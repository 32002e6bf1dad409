/** Lets few of many tasks run at a time, in the order they came: a thousand small files at once would keep libuv's threads from the records. */
export class FewAtATime {
  private readonly countMax: number;
  private count = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(countMax: number) {
    this.countMax = countMax;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.count === this.countMax) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.count += 1;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift(); // takes over this one's place
      if (next === undefined) this.count -= 1;
      else next();
    }
  }
}
