/**
 * Fetches the partitions that this broker follows of one leader, over one connection, a request at a time: what an answer
 * brought is in our files before the next request says so. The leader takes that request as our promise that we have
 * everything below.
 *
 *     request (positions that changed) → leader waits for news, at most maxWaitMs → answer → logs → request …
 *
 * A partition that cannot be fetched now (its leader has not heard of its leadership yet, or the disk fails) is left out for
 * a while that doubles up to `replica.fetch.backoff.ms`; the others go on. A partition that is added while the leader holds
 * a request back does not wait for it: the connection is dropped and the request made anew.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Scheduler } from '../log/scheduler.ts';
import type { FetchResponse } from '../protocol/messages/01-fetch.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { FollowerReplica, LeaderRange, Progress } from './follower-replica.ts';
import type { FetchedPartition, FetchedTopic, LeaderConnection, LeaderFetchRequest } from './leader-connection.ts';
import type { ReplicationThrottle } from './replication-throttle.ts';
import { ReplicaFetchSession, type SessionRequest } from './replica-fetch-session.ts';

export interface FetcherLimits {
  /**
   * `replica.fetch.wait.max.ms`, `replica.fetch.min.bytes`, `replica.fetch.response.max.bytes`, `replica.fetch.max.bytes`.
   */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
  /** `replica.fetch.backoff.ms`: the longest pause after a failure. */
  readonly backoffMs: number;
}

export interface ReplicaFetcherOptions {
  readonly brokerId: number;
  readonly leaderId: number;
  readonly limits: FetcherLimits;
  readonly connect: () => Promise<LeaderConnection>;
  /** The followers' side of the throttle. */
  readonly throttle?: ReplicationThrottle | undefined;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** The pause after a first failure. Mostly the new leader has not heard of its leadership yet, and writers wait for us both. */
const FIRST_BACKOFF_MS = 5;
/** Failures in a row before it is told, a third of a second: the first tries often come before the leader knows that it is one. */
const FAILURES_BEFORE_WARNING = 7;
/** An answer that is under way comes within this, also that of a new leader of ours; any other that waits for news does not. */
const INTERRUPT_AFTER_MS = 10;

interface Delay {
  readonly dueMs: number;
  readonly failureCount: number;
}

export class ReplicaFetcher {
  private readonly options: ReplicaFetcherOptions;
  private readonly session = new ReplicaFetchSession<FollowerReplica>();
  /** All replicas that are fetched here, those that begin or are left out for a while included. */
  private readonly members = new Set<FollowerReplica>();
  private readonly delayed = new Map<FollowerReplica, Delay>();
  /** Failures in a row of those that are tried again. */
  private readonly failures = new Map<FollowerReplica, number>();
  private connection: LeaderConnection | null = null;
  /** Counts requests, so that a late interruption meets no later one. */
  private requestCount = 0;
  private isWaiting = false;
  private interrupted = false;
  private closed = false;
  private readonly stopped = Promise.withResolvers<null>();
  /** Ends the pause or the idleness of the loop. */
  private wake: (() => void) | null = null;
  private failuresInRow = 0;
  readonly ended: Promise<void>;

  constructor(options: ReplicaFetcherOptions) {
    this.options = options;
    this.ended = this.run();
  }

  get size(): number {
    return this.members.size;
  }

  add(replica: FollowerReplica): void {
    this.members.add(replica);
    replica.begin().then(
      () => this.want(replica),
      (error: unknown) => this.progressed(replica, failed(error)),
    );
  }

  remove(replica: FollowerReplica): void {
    this.members.delete(replica);
    this.delayed.delete(replica);
    this.failures.delete(replica);
    this.session.forget(replica);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stopped.resolve(null);
    this.wake?.();
    this.drop();
    await this.ended;
  }

  private want(replica: FollowerReplica): void {
    if (!this.members.has(replica)) return;
    this.session.want(replica);
    this.wake?.();
    if (!this.isWaiting) return;
    const request = this.requestCount;
    this.options.scheduler.after(INTERRUPT_AFTER_MS, () => {
      if (!this.isWaiting || this.requestCount !== request || this.closed) return;
      this.interrupted = true;
      this.drop();
    });
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      this.readmit();
      if (this.session.size === 0) {
        await this.pause(this.untilNextDue());
        continue;
      }
      try {
        await this.fetchOnce();
        this.failuresInRow = 0;
      } catch (error) {
        this.drop();
        this.session.reset();
        if (this.closed) return;
        if (this.interrupted) this.interrupted = false;
        else await this.recover(error);
      }
    }
  }

  private async recover(error: unknown): Promise<void> {
    const { logger, leaderId, limits } = this.options;
    // A dead leader is retried until the controller names another: one line says so.
    if (this.failuresInRow === 0) {
      logger.warn(`Error in response for fetch request to broker ${leaderId}: trying again`, { error });
    }
    this.failuresInRow += 1;
    await this.pause(backoffMs(this.failuresInRow, limits.backoffMs));
  }

  private async fetchOnce(): Promise<void> {
    const connection = (this.connection ??= await this.connect());
    if (connection === null) return;
    const request = this.session.next((replica) => replica.position());
    this.requestCount += 1;
    this.interrupted = false;
    this.isWaiting = true;
    let response: FetchResponse;
    try {
      response = await connection.fetch(this.encode(request));
    } finally {
      this.isWaiting = false;
    }
    if (!this.session.answered(response.errorCode, response.sessionId)) return;
    await this.take(response, connection);
  }

  /** Null when this was closed meanwhile. */
  private async connect(): Promise<LeaderConnection | null> {
    const connecting = this.options.connect();
    const connection = await Promise.race([connecting, this.stopped.promise]);
    if (!this.closed) return connection;
    connecting.then(
      (late) => late.close(),
      () => undefined, // it was never open
    );
    return null;
  }

  private encode({ sessionId, sessionEpoch, wanted, forgotten }: SessionRequest<FollowerReplica>): LeaderFetchRequest {
    const { limits, brokerId } = this.options;
    const { minBytes, maxBytes, partitionMaxBytes } = limits;
    // Those that are left out for a while must not wait for the others' news.
    const maxWaitMs = Math.min(limits.maxWaitMs, this.untilNextDue() ?? limits.maxWaitMs);
    const topics = new Map<string, FetchedTopic & { readonly partitions: FetchedPartition[] }>();
    for (const { partition, position } of wanted) {
      const { topic, topicId, index } = partition;
      let entry = topics.get(topic);
      if (entry === undefined) topics.set(topic, (entry = { topic, topicId, partitions: [] }));
      entry.partitions.push({ ...position, partition: index, partitionMaxBytes });
    }
    const forgottenTopicsData = forgotten.map(({ topic, topicId, index }) => ({ topic, topicId, partitions: [index] }));
    return {
      clusterId: null,
      replicaId: brokerId,
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: 0,
      sessionId,
      sessionEpoch,
      topics: [...topics.values()],
      forgottenTopicsData,
      rackId: '',
    };
  }

  private async take(response: FetchResponse, connection: LeaderConnection): Promise<void> {
    const wallMs = this.options.clock.wallMs();
    const pending: Promise<void>[] = [];
    for (const { topic, topicId, partitions } of response.responses) {
      const key = topicId === ZERO_UUID ? topic : topicId;
      for (const answer of partitions) {
        const replica = this.session.find(key, answer.partitionIndex);
        if (replica === undefined) continue;
        const size = answer.records?.length ?? 0;
        const isBehind = (): boolean => replica.position().fetchOffset < answer.highWatermark;
        this.countThrottled(replica, size);
        const progress = replica.take(answer, wallMs, () => leaderRange(connection, this.options.brokerId, replica));
        if (progress instanceof Promise) {
          pending.push(
            progress.then(
              (outcome) => this.progressed(replica, outcome, isBehind),
              (error: unknown) => this.progressed(replica, failed(error)),
            ),
          );
        } else this.progressed(replica, progress, isBehind);
      }
    }
    // A stop does not wait for a disk that hangs.
    if (pending.length > 0) await Promise.race([Promise.all(pending), this.stopped.promise]);
  }

  private countThrottled({ topic, index }: FollowerReplica, size: number): void {
    const { throttle } = this.options;
    if (size > 0 && throttle?.isThrottled(topic, index) === true) throttle.record(size);
  }

  /** Holds a replica back that is behind and throttled. Returns whether. */
  private holdBack(replica: FollowerReplica, isBehind: () => boolean): boolean {
    const { throttle, clock } = this.options;
    if (throttle === undefined || !throttle.isThrottled(replica.topic, replica.index)) return false;
    const waitMs = throttle.waitMs();
    if (waitMs === 0 || !isBehind()) return false;
    this.session.forget(replica);
    this.delayed.set(replica, { failureCount: 0, dueMs: clock.monotonicMs() + waitMs });
    return true;
  }

  private progressed(replica: FollowerReplica, progress: Progress, isBehind: () => boolean = () => false): void {
    if (!this.members.has(replica)) return;
    if (progress.ok) {
      if (this.failures.size > 0) this.failures.delete(replica);
      if (this.holdBack(replica, isBehind)) return;
      this.session.want(replica);
      return;
    }
    const failureCount = (this.failures.get(replica) ?? 0) + 1;
    const { logger, limits, clock, leaderId } = this.options;
    const text = `Partition ${replica.topic}-${replica.index} cannot be fetched from broker ${leaderId}: ${progress.reason}`;
    if (failureCount === FAILURES_BEFORE_WARNING) logger.warn(text);
    else logger.debug(text);
    this.session.forget(replica);
    this.failures.set(replica, failureCount);
    this.delayed.set(replica, { failureCount, dueMs: clock.monotonicMs() + backoffMs(failureCount, limits.backoffMs) });
  }

  /** Takes back those whose time has come. */
  private readmit(): void {
    if (this.delayed.size === 0) return;
    const nowMs = this.options.clock.monotonicMs();
    for (const [replica, { dueMs }] of this.delayed) {
      if (dueMs > nowMs) continue;
      this.delayed.delete(replica);
      this.session.want(replica);
    }
  }

  private untilNextDue(): number | null {
    if (this.delayed.size === 0) return null;
    const nowMs = this.options.clock.monotonicMs();
    let least = Infinity;
    for (const { dueMs } of this.delayed.values()) least = Math.min(least, dueMs);
    return Math.max(1, Math.ceil(least - nowMs));
  }

  /** Waits until something is added, at most `delayMs` (null: for ever). */
  private pause(delayMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        cancel?.();
        this.wake = null;
        resolve();
      };
      const cancel = delayMs === null ? null : this.options.scheduler.after(delayMs, go);
      this.wake = go;
    });
  }

  private drop(): void {
    this.connection?.close();
    this.connection = null;
  }
}

function backoffMs(failureCount: number, maxMs: number): number {
  return Math.min(maxMs, FIRST_BACKOFF_MS * 2 ** Math.min(failureCount - 1, 16));
}

function failed(error: unknown): Progress {
  return { ok: false, reason: error instanceof Error ? error.message : String(error) };
}

async function leaderRange(connection: LeaderConnection, brokerId: number, replica: FollowerReplica): Promise<LeaderRange> {
  const { topic, index, leaderEpoch } = replica;
  const at = { topic, partition: index, replicaId: brokerId, currentLeaderEpoch: leaderEpoch };
  const logEndOffset = await connection.endOffset(at, 'latest');
  const logStartOffset = await connection.endOffset(at, 'earliest');
  return { logStartOffset, logEndOffset };
}
