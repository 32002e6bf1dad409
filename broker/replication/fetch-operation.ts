/**
 * One fetch request: reads its partitions, and waits in the purgatory of each while there is less than `minBytes`.
 *
 * It answers at once when it has enough, when a partition refuses or has diverged, or when it may not wait. Else it
 * watches its partitions: what becomes readable is counted without reading, and when that is enough (or a partition
 * changes its role, or the time is over) everything is read again. Nothing polls. Wakes of one turn are taken together,
 * so that an append to six partitions gives the waiting consumer all six.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import { EMPTY_RECORDS, emptyResult } from './fetch-types.ts';
import type { FetchablePartition, FetchParameters, FetchPartitionResult } from './fetch-types.ts';
import type { FetchWatch, FetchWatcher, Partition } from './partition.ts';
import { prepareFetch } from './prepare-fetch.ts';
import type { Scheduler } from '../log/scheduler.ts';
import { LogReadError } from '../log/storage-error.ts';

/** What a fetch needs of the broker. */
export interface FetchHost {
  readonly scheduler: Scheduler;
  /** The partition, or the result that says why it can't be read; `refused`: whether that ends the wait. */
  locate(request: FetchablePartition): Partition | { readonly result: FetchPartitionResult; readonly refused: boolean };
  /** The broker that a consumer had better read the partition from; -1 for this one. */
  preferredReplica(partition: Partition, fetchOffset: number, parameters: FetchParameters): number;
  /** Whether a follower that is behind has to wait for this partition's records. */
  isHeldBack(partition: Partition, replicaId: number): boolean;
  /** A follower is about to get so much of a partition. */
  followerServed(partition: Partition, size: number): void;
  /** The longest that a follower may be kept waiting. */
  readonly followerWaitMaxMs: number;
  /** Reading a partition's log failed. */
  readFailed(partition: Partition, error: unknown): void;
  /** Books `operation.retry` for the end of this turn. */
  wakeSoon(operation: FetchOperation): void;
}

export class FetchOperation implements FetchWatcher {
  private readonly host: FetchHost;
  private readonly parameters: FetchParameters;
  private readonly requests: readonly FetchablePartition[];
  private results: FetchPartitionResult[] = [];
  private readonly partitions: (Partition | null)[] = [];
  /** Where each partition ended for us when it was read. */
  private readonly ends: number[] = [];
  /** Bytes in `results`, then also those that became readable since. */
  private size = 0;
  private mustAnswer = false;
  private interestingCount = 0;
  private watches: FetchWatch[] | null = null;
  private wakeBooked = false;
  private settled = false;
  private expired = false;
  private cancelTimer: (() => void) | null = null;
  private resolve: ((results: FetchPartitionResult[]) => void) | null = null;

  constructor(host: FetchHost, requests: readonly FetchablePartition[], parameters: FetchParameters) {
    this.host = host;
    this.requests = requests;
    this.parameters = parameters;
  }

  get isFollowers(): boolean {
    return this.parameters.replicaId >= 0;
  }

  /** True while it waits for data. */
  get isWaiting(): boolean {
    return this.watches !== null;
  }

  /** The results, one for each request in order: at once where nothing has to be waited for. */
  run(): FetchPartitionResult[] | Promise<FetchPartitionResult[]> {
    const reading = this.read(true);
    if (reading === null && this.isSatisfied()) return this.results;
    return new Promise((resolve) => {
      this.resolve = resolve;
      if (reading === null) this.park();
      else void reading.then(() => this.answerOrPark());
    });
  }

  partitionAdvanced(size: number): void {
    this.size += size;
    if (size === 0) this.mustAnswer = true; // Not an error yet, but only a new read can tell.
    if (this.wakeBooked || (!this.mustAnswer && this.size < this.parameters.minBytes)) return;
    this.wakeBooked = true;
    this.host.wakeSoon(this);
  }

  /** Reads again after a wake. */
  retry(): void {
    this.wakeBooked = false;
    if (this.watches === null) return;
    this.stopWatching();
    const reading = this.read(false);
    if (reading === null) this.answerOrPark();
    else void reading.then(() => this.answerOrPark());
  }

  /** Nobody wants the answer any more. */
  abandon(): void {
    this.expired = true;
    if (this.resolve !== null) this.settle();
  }

  private answerOrPark(): void {
    if (this.isSatisfied()) this.settle();
    else this.park();
  }

  private isSatisfied(): boolean {
    return (
      this.expired ||
      this.mustAnswer ||
      this.parameters.maxWaitMs <= 0 ||
      this.interestingCount === 0 ||
      this.size >= this.parameters.minBytes
    );
  }

  private settle(): void {
    if (this.settled) return;
    this.settled = true;
    this.cancelTimer?.();
    this.stopWatching();
    this.resolve?.(this.results);
  }

  private park(): void {
    if (this.settled) return;
    const awaitsLogEnd = this.isFollowers;
    const waitMs = this.isFollowers ? Math.min(this.parameters.maxWaitMs, this.host.followerWaitMaxMs) : this.parameters.maxWaitMs;
    this.cancelTimer ??= this.host.scheduler.after(waitMs, () => this.expire());
    const watches: FetchWatch[] = [];
    let missed = false;
    for (let i = 0; i < this.partitions.length; i += 1) {
      const partition = this.partitions[i];
      if (partition === null || partition === undefined) continue;
      watches.push(partition.watch(this, awaitsLogEnd));
      // Reading may have taken a while: what came meanwhile woke nobody.
      if (partition.fetchEnd(this.parameters) !== this.ends[i]) missed = true;
    }
    this.watches = watches;
    if (missed) this.partitionAdvanced(0);
  }

  /** The wait is over: it is answered with what there is. */
  expire(): void {
    this.expired = true;
    // Something may have come that was less than minBytes: it goes out now.
    if (this.watches === null) return; // A read is under way; it will settle.
    this.retry();
  }

  private stopWatching(): void {
    if (this.watches === null) return;
    for (let i = 0, w = 0; i < this.partitions.length; i += 1) {
      const partition = this.partitions[i];
      if (partition !== null && partition !== undefined) partition.unwatch(this.watches[w++]!);
    }
    this.watches = null;
  }

  /**
   * Reads every partition within the limits. Returns null when all came from memory, else a promise of the rest.
   *
   * Until a partition gives something, the limits may be exceeded by one batch, so that a reader always gets on. A read that
   * goes to the disk counts with all it may bring; the partitions behind it have their turn in the next fetch, as the
   * session moves those that brought something to the end.
   */
  private read(first: boolean): Promise<unknown> | null {
    const { parameters, requests } = this;
    const results = new Array<FetchPartitionResult>(requests.length);
    let disk: Promise<void>[] | null = null;
    let budget = parameters.maxBytes;
    let minOneBatch = !parameters.hardMaxBytes;
    this.results = results;
    this.size = 0;
    this.mustAnswer = false;
    this.interestingCount = 0;
    for (let i = 0; i < requests.length; i += 1) {
      const request = requests[i]!;
      const located = this.host.locate(request);
      if ('result' in located) {
        results[i] = located.result;
        this.partitions[i] = null;
        if (located.refused) {
          this.mustAnswer = true;
          this.interestingCount += 1;
        }
        continue;
      }
      this.interestingCount += 1;
      this.partitions[i] = located;
      const result = prepareFetch(located, request, parameters);
      results[i] = result;
      const end = located.fetchEnd(parameters);
      this.ends[i] = end;
      if (result.errorCode !== ErrorCode.NONE || result.divergingEpoch.epoch >= 0) {
        this.mustAnswer = true;
        continue;
      }
      result.preferredReadReplica = this.host.preferredReplica(located, request.fetchOffset, parameters);
      if (result.preferredReadReplica >= 0) {
        this.mustAnswer = true;
        continue;
      }
      const isHeldBack = parameters.replicaId >= 0 && this.host.isHeldBack(located, parameters.replicaId);
      if (request.fetchOffset < end && (budget > 0 || minOneBatch) && !isHeldBack) {
        const sizeMax = Math.min(request.partitionMaxBytes, budget);
        const bytes = this.readLog(located, request.fetchOffset, sizeMax, end, minOneBatch, result);
        if (bytes instanceof Promise) {
          (disk ??= []).push(this.takeFromDisk(located, result, bytes));
          budget -= sizeMax;
          minOneBatch = false;
        } else if (bytes.length > 0) {
          result.records = bytes;
          this.size += bytes.length;
          this.served(located, bytes.length);
          budget -= bytes.length;
          minOneBatch = false;
        }
      }
      // A follower's position counts when it comes, not again when its waiting fetch is served.
      if (first && parameters.replicaId >= 0) {
        located.followerFetched(parameters.replicaId, request.fetchOffset, request.logStartOffset);
      }
    }
    return disk === null ? null : Promise.all(disk);
  }

  private async takeFromDisk(partition: Partition, result: FetchPartitionResult, bytes: Promise<Buffer>): Promise<void> {
    try {
      result.records = await bytes;
      this.size += result.records.length;
      this.served(partition, result.records.length);
    } catch (error) {
      this.refuse(partition, result, error);
    }
  }

  private served(partition: Partition, size: number): void {
    if (this.parameters.replicaId >= 0) this.host.followerServed(partition, size);
  }

  private readLog(
    partition: Partition,
    offset: number,
    sizeMax: number,
    end: number,
    minOneBatch: boolean,
    result: FetchPartitionResult,
  ): Buffer | Promise<Buffer> {
    try {
      return partition.log!.read(offset, sizeMax, { maxOffsetExclusive: end, minOneBatch });
    } catch (error) {
      this.refuse(partition, result, error);
      return EMPTY_RECORDS;
    }
  }

  /** The records went away while we read them (retention), or the disk fails. */
  private refuse(partition: Partition, result: FetchPartitionResult, error: unknown): void {
    this.mustAnswer = true;
    if (error instanceof LogReadError) {
      Object.assign(result, emptyResult(partition.index, error.errorCode));
      return;
    }
    this.host.readFailed(partition, error);
    Object.assign(result, emptyResult(partition.index, ErrorCode.KAFKA_STORAGE_ERROR));
  }
}
