/**
 * A log in memory whose writes finish when the test says so, a scheduler that the test drives, and a broker made of them.
 */
import type { Clock } from '../../../shared/base/clock.ts';
import { LeaderEpochs } from '../../../broker/log/leader-epochs.ts';
import { defaultLogConfig, logConfigFrom, type LogConfig } from '../../../broker/log/log-config.ts';
import type { Scheduler } from '../../../broker/log/scheduler.ts';
import type { LeaderAndIsrRequest } from '../../../broker/protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest } from '../../../broker/protocol/messages/05-stop-replica.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import {
  baseOffsetOf,
  lastOffsetDeltaOf,
  lastOffsetOf,
  maxTimestampOf,
  setBaseOffset,
} from '../../../broker/records/record-batch.ts';
import type { FetchablePartition, FetchParameters } from '../../../broker/replication/fetch-types.ts';
import type { LogAppendOutcome, ReplicaLog, TimestampedOffset } from '../../../broker/replication/replica-log.ts';
import {
  ReplicaManager,
  type HighWatermark,
  type ReplicaLogs,
  type ReplicationOptions,
} from '../../../broker/replication/replica-manager.ts';

export class ManualTime implements Scheduler, Clock {
  nowMs = 0;
  private timers: { dueMs: number; task: () => void }[] = [];
  private later: (() => void)[] = [];

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, task };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  soon(task: () => void): void {
    this.later.push(task);
  }

  get timerCount(): number {
    return this.timers.length;
  }

  /** Runs what was put off to the end of the turn, and promises' callbacks. */
  async turn(): Promise<void> {
    for (let round = 0; round < 10; round += 1) {
      for (let i = 0; i < 10; i += 1) await Promise.resolve();
      const tasks = this.later;
      this.later = [];
      for (const task of tasks) task();
    }
  }

  async advance(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = this.timers.filter((timer) => timer.dueMs <= this.nowMs);
    this.timers = this.timers.filter((timer) => timer.dueMs > this.nowMs);
    for (const timer of due) timer.task();
    await this.turn();
  }
}

export class FakeLog implements ReplicaLog {
  readonly logDir = '/logs';
  topicId: string;
  config: LogConfig;
  firstUnstableOffset: number | null = null;
  readonly firstSegmentOffset = 0;
  readonly activeSegmentOffset = 0;
  readonly toldHighWatermarks: number[] = [];
  readonly leaderEpochs = new LeaderEpochs();
  logStartOffset = 0;
  logEndOffset = 0;
  nextOffset = 0;
  /** The next append is refused with this. */
  refusal: {
    errorCode: number;
    message: string;
    recordErrors?: { batchIndex: number; batchIndexErrorMessage: string | null }[];
  } | null = null;
  /** Reads come from "the disk": a promise that `disk` settles. */
  disk: { read(bytes: Buffer): Promise<Buffer> } | null = null;
  readonly batches: Buffer[] = [];
  private writing: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(topicId = ZERO_UUID, overrides: ReadonlyMap<string, string> = new Map()) {
    this.topicId = topicId;
    this.config = logConfigFrom(defaultLogConfig, overrides);
  }

  append(records: Buffer): LogAppendOutcome {
    if (this.refusal !== null) return { ok: false, ...this.refusal };
    const baseOffset = this.nextOffset;
    setBaseOffset(records, 0, baseOffset);
    this.batches.push(records);
    this.nextOffset += lastOffsetDeltaOf(records, 0) + 1;
    this.writing ??= Promise.withResolvers<void>();
    return {
      ok: true,
      baseOffset,
      lastOffset: this.nextOffset - 1,
      logAppendTimeMs: -1,
      duplicate: false,
      written: this.writing.promise,
    };
  }

  /** The write that is under way ends well. */
  write(): void {
    this.logEndOffset = this.nextOffset;
    this.writing?.resolve();
    this.writing = null;
  }

  failWrite(error: Error): void {
    this.writing?.reject(error);
    this.writing = null;
  }

  read(
    startOffset: number,
    maxBytes: number,
    options: { maxOffsetExclusive: number; minOneBatch: boolean },
  ): Buffer | Promise<Buffer> {
    const found: Buffer[] = [];
    let size = 0;
    for (const batch of this.batches) {
      if (lastOffsetOf(batch, 0) < startOffset || baseOffsetOf(batch, 0) >= options.maxOffsetExclusive) continue;
      if (size + batch.length > maxBytes && !(options.minOneBatch && size === 0)) break;
      found.push(batch);
      size += batch.length;
    }
    const bytes = Buffer.concat(found);
    return this.disk === null ? bytes : this.disk.read(bytes);
  }

  offsetForTimestamp(timestampMs: number): Promise<TimestampedOffset | null> {
    return Promise.resolve(this.find(timestampMs));
  }

  private find(timestampMs: number): TimestampedOffset | null {
    const batch = this.batches.find((candidate) => maxTimestampOf(candidate, 0) >= timestampMs);
    return batch === undefined
      ? null
      : { offset: baseOffsetOf(batch, 0), timestamp: maxTimestampOf(batch, 0), leaderEpoch: 0 };
  }

  offsetOfMaxTimestamp(): Promise<TimestampedOffset | null> {
    return Promise.resolve(this.find(Math.max(...this.batches.map((batch) => maxTimestampOf(batch, 0)))));
  }

  async settled(): Promise<void> {
    await this.writing?.promise;
  }

  async truncateTo(offset: number): Promise<void> {
    await this.settled();
    while (this.batches.length > 0 && lastOffsetOf(this.batches.at(-1)!, 0) >= offset) this.batches.pop();
    const last = this.batches.at(-1);
    this.moveEnd(last === undefined ? Math.min(this.logStartOffset, offset) : lastOffsetOf(last, 0) + 1);
  }

  async restartAt(offset: number): Promise<void> {
    await this.settled();
    this.batches.length = 0;
    this.leaderEpochs.clear();
    this.logStartOffset = offset;
    this.moveEnd(offset);
  }

  private moveEnd(offset: number): void {
    this.nextOffset = offset;
    this.logEndOffset = offset;
    this.leaderEpochs.truncateFromEnd(offset);
  }

  advanceLogStart(offset: number): boolean {
    this.logStartOffset = offset;
    return true;
  }

  onHighWatermark(offset: number): void {
    this.toldHighWatermarks.push(offset);
  }
}

export function batch(count = 1, size = 10, timestamp = 1_700_000_000_000): Buffer {
  return buildBatch({
    records: Array.from({ length: count }, () => ({ key: null, value: Buffer.alloc(size, 'x'), timestamp })),
  });
}

/** A broker that nobody answers. */
export const noPeers: ReplicationOptions = {
  fetchersPerLeader: 1,
  limits: { maxWaitMs: 500, minBytes: 1, maxBytes: 10_485_760, partitionMaxBytes: 1_048_576, backoffMs: 1_000 },
  connect: () => new Promise(() => undefined),
  alterPartition: () => new Promise(() => undefined),
  brokerEpoch: () => -1,
};

export class FakeBroker {
  readonly time = new ManualTime();
  readonly logs = new Map<string, FakeLog>();
  readonly known = new Set<string>();
  readonly dead = new Set<number>();
  readonly deleted: string[] = [];
  readonly events: string[] = [];
  readonly checkpoint = new Map<string, number>();
  failedDirs: string[] = [];
  /** Leaders that a fetcher asked for. */
  readonly connectedTo: number[] = [];
  /** Overrides of the configs of logs created from now on. */
  topicConfig: ReadonlyMap<string, string> = new Map();
  openError: Error | null = null;
  fenced = false;
  readonly replicas: ReplicaManager;

  constructor() {
    const logs: ReplicaLogs = {
      getOrCreate: async (topic, partition, topicId) => {
        await Promise.resolve();
        if (this.openError !== null) throw this.openError;
        const name = `${topic}-${partition}`;
        const log = this.logs.get(name) ?? new FakeLog(topicId, this.topicConfig);
        this.logs.set(name, log);
        return log;
      },
      delete: async (topic, partition) => {
        await Promise.resolve();
        this.deleted.push(`${topic}-${partition}`);
        this.logs.delete(`${topic}-${partition}`);
      },
      checkpointedHighWatermark: (topic, partition) => this.checkpoint.get(`${topic}-${partition}`) ?? 0,
      checkpointHighWatermarks: async (watermarks: Iterable<HighWatermark>) => {
        await Promise.resolve();
        for (const { topic, partition, highWatermark } of watermarks)
          this.checkpoint.set(`${topic}-${partition}`, highWatermark);
      },
    };
    this.replicas = new ReplicaManager({
      brokerId: 0,
      logs,
      clock: this.time,
      scheduler: this.time,
      replicaLagTimeMaxMs: 1_000,
      replication: {
        ...noPeers,
        connect: (leaderId) => {
          this.connectedTo.push(leaderId);
          return new Promise(() => undefined);
        },
      },
      isFenced: () => this.fenced,
      cluster: {
        hasPartition: (topic, partition) => this.known.has(`${topic}-${partition}`),
        isAlive: (brokerId) => !this.dead.has(brokerId),
      },
      onLogDirFailure: (logDir) => this.failedDirs.push(logDir),
    });
    this.replicas.onLeadership({
      becameLeader: (topic, partition, leaderEpoch) => this.events.push(`lead ${topic}-${partition} ${leaderEpoch}`),
      resigned: (topic, partition, leaderEpoch, deleted) =>
        this.events.push(`resign ${topic}-${partition} ${leaderEpoch}${deleted ? ' deleted' : ''}`),
    });
  }

  /** The one log that most tests look at. */
  log(name = 't-0'): FakeLog {
    return this.logs.get(name)!;
  }

  async lead(topic = 't', partitions = [0], order: Partial<OrderOptions> = {}): Promise<number[]> {
    const response = await this.replicas.becomeLeaderOrFollower(leadershipRequest(topic, partitions, order));
    return response.partitionErrors.map(({ errorCode }) => errorCode);
  }
}

export interface OrderOptions {
  controllerEpoch: number;
  leader: number;
  leaderEpoch: number;
  partitionEpoch: number;
  isr: number[];
  replicas: number[];
  topicId: string;
}

export function leadershipRequest(
  topic: string,
  partitions: number[],
  order: Partial<OrderOptions> = {},
): LeaderAndIsrRequest {
  const { controllerEpoch = 1, leader = 0, leaderEpoch = 0, partitionEpoch = 0, topicId = ZERO_UUID } = order;
  const { isr = [leader], replicas = isr } = order;
  return {
    controllerId: 0,
    isKRaftController: false,
    controllerEpoch,
    brokerEpoch: -1,
    type: 1,
    ungroupedPartitionStates: [],
    topicStates: [
      {
        topicName: topic,
        topicId,
        partitionStates: partitions.map((partitionIndex) => ({
          partitionIndex,
          controllerEpoch,
          leader,
          leaderEpoch,
          isr,
          partitionEpoch,
          replicas,
          addingReplicas: [],
          removingReplicas: [],
          isNew: true,
          leaderRecoveryState: 0,
        })),
      },
    ],
    liveLeaders: [],
  };
}

export function stopRequest(
  topic: string,
  partitionIndex: number,
  leaderEpoch: number,
  deletePartition: boolean,
): StopReplicaRequest {
  return {
    controllerId: 0,
    isKRaftController: false,
    controllerEpoch: 1,
    brokerEpoch: -1,
    deletePartitions: false,
    ungroupedPartitions: [],
    topics: [],
    topicStates: [{ topicName: topic, partitionStates: [{ partitionIndex, leaderEpoch, deletePartition }] }],
  };
}

export function wanted(partition: number, fetchOffset: number, more: Partial<FetchablePartition> = {}): FetchablePartition {
  return {
    topic: 't',
    topicId: ZERO_UUID,
    partition,
    fetchOffset,
    partitionMaxBytes: 1_048_576,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    ...more,
  };
}

export function parameters(more: Partial<FetchParameters> = {}): FetchParameters {
  return {
    replicaId: -1,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 52_428_800,
    hardMaxBytes: false,
    readCommitted: false,
    onlyLeader: false,
    rackId: '',
    listenerName: 'PLAINTEXT',
    ...more,
  };
}
