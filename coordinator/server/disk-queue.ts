/**
 * Does the core's work on the disk in its order (`DiskWork`): batches that wait together get one commit; anything else waits until the
 * batches before it are durable, and what comes after waits for it.
 */
import type { TxnLog } from '../store/txn-log.ts';
import type { DiskWork } from '../zab/peer-types.ts';

export interface DiskQueueOptions {
  log: TxnLog;
  /** Everything up to `seq` is durable. */
  persisted(seq: number): void;
  /** Carries out what is no append; durable when it resolves. */
  perform(work: Exclude<DiskWork, { kind: 'append' }>): Promise<void>;
  failed(error: unknown): void;
}

export class DiskQueue {
  private readonly options: DiskQueueOptions;
  private queue: DiskWork[] = [];
  /** Appended and not durable, oldest first. */
  private readonly appended: { seq: number; lastZxid: number }[] = [];
  private busy = false;
  private stopped = false;

  constructor(options: DiskQueueOptions) {
    this.options = options;
  }

  begin(works: readonly DiskWork[]): void {
    if (works.length === 0) return;
    for (const work of works) this.queue.push(work);
    this.pump();
  }

  /** The log has made everything up to `lastZxid` durable. */
  durable(lastZxid: number): void {
    let seq: number | null = null;
    while (this.appended.length > 0 && this.appended[0]!.lastZxid <= lastZxid) seq = this.appended.shift()!.seq;
    if (seq !== null && !this.stopped) this.options.persisted(seq);
    this.pump();
  }

  stop(): void {
    this.stopped = true;
    this.queue = [];
  }

  private pump(): void {
    while (!this.busy && this.queue.length > 0) {
      const next = this.queue[0]!;
      if (next.kind === 'append') {
        this.append();
        continue;
      }
      if (this.appended.length > 0) return;
      this.queue.shift();
      this.busy = true;
      this.options.perform(next).then(
        () => {
          this.busy = false;
          if (this.stopped) return;
          this.options.persisted(next.seq);
          this.pump();
        },
        (error: unknown) => this.options.failed(error),
      );
    }
  }

  /** Hands the batches at the head of the queue to the log. */
  private append(): void {
    let count = 0;
    const batches = [];
    for (const work of this.queue) {
      if (work.kind !== 'append') break;
      batches.push(work.batch);
      this.appended.push({ seq: work.seq, lastZxid: work.batch.lastZxid });
      count++;
    }
    this.queue.splice(0, count);
    this.options.log.appendAll(batches);
  }
}
