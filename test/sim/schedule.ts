/** Simulated time: what is to happen, in order. Two things of one moment happen in the order in which they were planned. */
interface Planned {
  atMs: number;
  order: number;
  act: () => void;
}

export class Schedule {
  nowMs = 0;
  private readonly heap: Planned[] = [];
  private order = 0;

  at(atMs: number, act: () => void): void {
    const { heap } = this;
    const planned = { atMs: Math.max(atMs, this.nowMs), order: this.order++, act };
    let place = heap.push(planned) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(planned, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = planned;
  }

  after(delayMs: number, act: () => void): void {
    this.at(this.nowMs + delayMs, act);
  }

  /** Lets the next thing happen, if it is due before `untilMs`. */
  step(untilMs: number): boolean {
    const { heap } = this;
    const first = heap[0];
    if (first === undefined || first.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    const last = heap.pop()!;
    if (heap.length > 0) {
      let place = 0;
      for (;;) {
        let child = 2 * place + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
        if (!isBefore(heap[child]!, last)) break;
        heap[place] = heap[child]!;
        place = child;
      }
      heap[place] = last;
    }
    this.nowMs = first.atMs;
    first.act();
    return true;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
