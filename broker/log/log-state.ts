/**
 * What the parts of one partition's log share: its segments, offsets and the tail in memory, and its surroundings. Only
 * files of this room see it; everybody else has `PartitionLog`.
 *
 *     logStartOffset        recoveryPoint          logEndOffset      nextOffset
 *          |  segment | segment |  … active segment  |  being written  |
 *                               survives power loss  in the file       appended in memory
 */
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { FileSystemError } from './file.ts';
import type { FewAtATime } from './few-at-a-time.ts';
import type { LeaderEpochs } from './leader-epochs.ts';
import type { LogConfig } from './log-config.ts';
import type { TickWriter } from './log-writer.ts';
import type { ProducerState } from './producer-state.ts';
import type { Scheduler } from './scheduler.ts';
import type { Segment, SegmentFiles } from './segment.ts';
import { StorageError } from './storage-error.ts';
import type { TailBudget, TailPages } from './tail-pages.ts';

/** What all logs of a broker share. */
export interface LogSurroundings extends SegmentFiles {
  readonly tail: TailBudget;
  readonly writer: TickWriter;
  /** Leader epochs: a broker that goes leaves hundreds of new leaders behind. */
  readonly epochWrites: FewAtATime;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1): spreads the rolling of segments. */
  readonly random: () => number;
  readonly producerIdExpirationMs: number;
  /** Called once for each log that failed; the directory is to be taken offline. */
  readonly onFailure: (error: StorageError) => void;
}

export class LogState {
  readonly surroundings: LogSurroundings;
  readonly topic: string;
  readonly partition: number;
  /** `topic-partition`. */
  readonly name: string;
  config: LogConfig;
  directory: string;
  topicId: string | null = null;
  /** Oldest first; never empty; the last one is active. */
  segments: Segment[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  nextOffset = 0;
  recoveryPoint = 0;
  /** As far as it was told: every record below it is on all in-sync replicas. */
  highWatermark = 0;
  /** While it is there, nothing that is written counts as written: the log's directory is getting its name (`log-adoption.ts`). */
  hold: Promise<void> | null = null;
  /** The lowest offset that the log was cut to since its last compaction: what is behind it now is not what was compacted. */
  cutOffset = Number.POSITIVE_INFINITY;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerState;
  readonly pages: TailPages;
  /** Offsets at which there are producer snapshots, growing. */
  snapshots: number[] = [];
  /** Why nothing works any more, once something has failed. */
  failure: StorageError | null = null;
  closed = false;
  /** Work on files that nobody waits for, one after the other. */
  private chain: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly surroundings: LogSurroundings;
    readonly topic: string;
    readonly partition: number;
    readonly directory: string;
    readonly config: LogConfig;
    readonly epochs: LeaderEpochs;
    readonly producers: ProducerState;
    readonly pages: TailPages;
  }) {
    this.surroundings = options.surroundings;
    this.topic = options.topic;
    this.partition = options.partition;
    this.name = `${options.topic}-${options.partition}`;
    this.directory = options.directory;
    this.config = options.config;
    this.epochs = options.epochs;
    this.producers = options.producers;
    this.pages = options.pages;
  }

  get logDir(): string {
    return path.dirname(this.directory);
  }

  get active(): Segment {
    return this.segments.at(-1)!;
  }

  get size(): number {
    let sum = 0;
    for (const segment of this.segments) sum += segment.size;
    return sum;
  }

  /** Slot of the segment that holds `offset`, that is the last one that begins at or before it; -1 when all begin later. */
  segmentSlot(offset: number): number {
    const { segments } = this;
    let low = 0;
    let high = segments.length - 1;
    if (high >= 0 && segments[high]!.baseOffset <= offset) return high;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (segments[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  /** The log cannot be used any more. */
  fail(act: string, cause: unknown): StorageError {
    if (this.failure === null) {
      this.failure = new StorageError(this.logDir, `Error while ${act} ${this.name} in dir ${this.logDir}`, cause);
      this.surroundings.onFailure(this.failure);
    }
    return this.failure;
  }

  /** The whole directory was taken offline because of another log in it. */
  takeOffline(): void {
    this.failure ??= new StorageError(
      this.logDir,
      `The log dir ${this.logDir} is already offline due to a previous IO exception.`,
    );
  }

  /**
   * Runs `task` after the work before it is done. Returns when it is done; a failing disk makes it, and all later ones,
   * reject with the `StorageError` that `failure` then is.
   */
  enqueue(act: string, task: () => Promise<void>): Promise<void> {
    const done = this.chain.then(async () => {
      if (this.failure !== null) throw this.failure;
      try {
        await task();
      } catch (error) {
        if (error instanceof FileSystemError) throw this.fail(act, error);
        throw error;
      }
    });
    // The chain goes on whatever happens: who needs to know has `done`, and `failure` keeps the reason.
    this.chain = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** `enqueue` for work whose failure shows in `failure` alone. */
  enqueueQuietly(act: string, task: () => Promise<void>): void {
    this.enqueue(act, task).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error; // a bug of ours: let the process see it
    });
  }

  /** Returns when the work enqueued so far is done. */
  idle(): Promise<void> {
    return this.chain;
  }
}
