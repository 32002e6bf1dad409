/**
 * The log step of the write path, with group commit: transactions are collected in one buffer while earlier ones are on
 * their way to the disk, and leave together when there is room. What comes back from the log is committed: alone, a server's
 * own disk is the majority. In an ensemble, the acknowledgements of a quorum take that place, and nobody else changes.
 */
import type { Clock } from '../../shared/base/clock.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { writeTxn } from '../tree/txn-codec.ts';
import type { Txn } from '../tree/txn.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import type { ProposedBatch } from '../zab/peer-types.ts';
import { LOG_BATCHES_IN_FLIGHT_MAX } from './limits.ts';
import type { ServerStats } from './server-stats.ts';

const BATCH_BYTES_MIN = 1024;
const BATCH_BYTES_HINT_MAX = 1 << 20;

export interface BatchSink {
  append(batch: ProposedBatch): void;
}

export class Proposals {
  private readonly log: BatchSink;
  private readonly clock: Clock;
  private readonly stats: ServerStats;
  private writer = new Writer(BATCH_BYTES_MIN);
  /** Batches that are complete and wait for their turn: those around one that has to be alone. */
  private sealed: ProposedBatch[] = [];
  private firstZxid = 0;
  private lastZxid = 0;
  private batchesInFlight = 0;
  /** When the batches in flight were handed over, oldest first. */
  private readonly sentMs: number[] = [];
  private count = 0;
  /** Transactions of the batch that left last. */
  private sentCount = 0;
  private scheduled = false;
  private stopped = false;

  /** @param log takes the batches: a server's own log, or what an ensemble agrees on. */
  constructor(log: BatchSink, clock: Clock, stats: ServerStats) {
    this.log = log;
    this.clock = clock;
    this.stats = stats;
  }

  /** Bytes that no commit has taken yet. */
  get unloggedBytes(): number {
    return this.writer.size;
  }

  add(txn: Txn): void {
    if (this.writer.size === 0) this.firstZxid = txn.zxid;
    this.lastZxid = txn.zxid;
    this.count++;
    const before = this.writer.size;
    writeTxn(this.writer, txn);
    this.stats.proposalSize(this.writer.size - before);
    if (this.scheduled || !this.hasRoom()) return;
    this.scheduled = true;
    // After all sockets that are readable now were read: their requests share the commit.
    setImmediate(() => {
      this.scheduled = false;
      this.send();
    });
  }

  /** A transaction that changes the ensemble: it is alone in its batch. */
  addAlone(txn: Txn, config: EnsembleConfig): void {
    if (this.writer.size > 0) this.sealed.push(this.takeBatch());
    this.add(txn);
    this.sealed.push({ ...this.takeBatch(), config });
  }

  /** The log has made a batch durable: the next one may go. */
  batchDurable(): void {
    this.batchesInFlight--;
    this.stats.metrics.summaries.fsynctime.add(this.clock.monotonicMs() - this.sentMs.shift()!);
    this.send();
  }

  /** What was not sent never will be. */
  stop(): void {
    this.stopped = true;
  }

  /**
   * May a batch leave? One at a time, and the next while it is on its way only if it is as large: many clients that wait for
   * their answers would otherwise come apart in two halves, each of which waits for a disk that could have taken both at once.
   */
  private hasRoom(): boolean {
    if (this.batchesInFlight === 0) return true;
    return this.batchesInFlight < LOG_BATCHES_IN_FLIGHT_MAX && (this.sealed.length > 0 || this.count >= this.sentCount);
  }

  private send(): void {
    if (this.stopped || !this.hasRoom()) return;
    if (this.sealed.length === 0 && this.writer.size === 0) return;
    const { summaries, counters } = this.stats.metrics;
    this.batchesInFlight++;
    this.sentMs.push(this.clock.monotonicMs());
    summaries.sync_processor_batch_size.add(this.count);
    counters.sync_processor_request_queued.add(this.count);
    this.sentCount = this.count;
    this.count = 0;
    this.log.append(this.sealed.shift() ?? this.takeBatch());
    if (this.sealed.length > 0) this.send();
  }

  private takeBatch(): ProposedBatch {
    const { writer } = this;
    // The next batch is probably about as large as this one.
    this.writer = new Writer(Math.min(Math.max(writer.size, BATCH_BYTES_MIN), BATCH_BYTES_HINT_MAX));
    return { firstZxid: this.firstZxid, lastZxid: this.lastZxid, body: writer.finish() };
  }
}
