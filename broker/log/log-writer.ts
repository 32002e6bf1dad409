/**
 * Brings what was appended in memory into the files. All appends of one turn of the event loop, to whatever partitions, are
 * written when that turn ends: one `writev` a segment, by libuv's threads. What arrives meanwhile is the next write.
 *
 *     appends of a turn … → TickWriter: each log with news → writev → logEndOffset, one promise for all who wait
 */
import type { Scheduler } from './scheduler.ts';
import type { LogState } from './log-state.ts';
import type { Segment } from './segment.ts';

/** One for all logs. */
export class TickWriter {
  private readonly scheduler: Scheduler;
  private due: LogWriter[] = [];

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  enqueue(writer: LogWriter): void {
    if (this.due.push(writer) === 1) {
      this.scheduler.soon(() => {
        const due = this.due;
        this.due = [];
        for (const next of due) void next.write();
      });
    }
  }
}

/** A promise and what settles it. */
class Deferred {
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (error: Error) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

export interface WriterHooks {
  /** A segment that takes no more appends is whole in its file; may be called again for the same one. */
  onSegmentWritten(segment: Segment): void;
  /** Forces the log to the disk, where a topic asks for it after so many records. */
  sync(): Promise<void>;
}

export class LogWriter {
  private readonly state: LogState;
  private readonly hooks: WriterHooks;
  /** Resolves with the next write to begin; null when nothing waits for one. */
  private next: Deferred | null = null;
  private busy = false;
  /** The write under way or, when there is none, the last one. */
  private current: Promise<void> = Promise.resolve();

  constructor(state: LogState, hooks: WriterHooks) {
    this.state = state;
    this.hooks = hooks;
  }

  /** Something was appended. The promise resolves when the file has it. */
  request(): Promise<void> {
    if (this.next === null) {
      this.next = new Deferred();
      // With acks=0 nobody waits; a failed write is reported by `LogState.fail` in any case.
      this.next.promise.catch(() => undefined);
      if (!this.busy) this.state.surroundings.writer.enqueue(this);
    }
    return this.next.promise;
  }

  /** Resolves when everything appended so far is in the file; rejects when that failed. */
  settled(): Promise<void> {
    if (this.state.failure !== null) return Promise.reject(this.state.failure);
    return this.next?.promise ?? this.current;
  }

  /** Writes what there is. Called by the `TickWriter`. */
  async write(): Promise<void> {
    const waiting = this.next;
    if (this.busy || waiting === null) return;
    this.next = null;
    this.busy = true;
    this.current = waiting.promise;
    const { state } = this;
    const endOffset = state.nextOffset;
    try {
      if (state.failure !== null) throw state.failure;
      await this.writeSegments();
      if (state.hold !== null) await state.hold;
      state.logEndOffset = endOffset;
      if (endOffset - state.recoveryPoint >= state.config.flushMessages) await this.hooks.sync();
      waiting.resolve();
    } catch (error) {
      waiting.reject(state.fail('appending records to', error));
    }
    this.busy = false;
    if (this.next !== null) state.surroundings.writer.enqueue(this);
  }

  private async writeSegments(): Promise<void> {
    const { segments, pages, surroundings } = this.state;
    let slot = segments.length - 1;
    while (slot > 0 && segments[slot - 1]!.writtenSize < segments[slot - 1]!.size) slot--;
    // The list may change while this waits: take what is to be written now.
    const dirty = segments.slice(slot).map((segment) => ({ segment, end: segment.size }));
    for (const { segment, end } of dirty) {
      const from = segment.writtenSize;
      if (from < end) {
        await segment.write(pages.slices(segment.baseOffset, from, end), from);
        segment.writtenSize = end;
        segment.modifiedMs = surroundings.clock.wallMs();
        pages.markWritten(segment.baseOffset, end);
      }
      if (segment !== this.state.active && segment.writtenSize === segment.size) this.hooks.onSegmentWritten(segment);
    }
  }
}
