/**
 * A consumer: of partitions it was assigned by hand, or of topics shared with a group.
 *
 * `poll` returns what has arrived. One fetch per leader is always on its way while partitions have nothing buffered, so that
 * the next records travel while the last ones are looked at.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode } from '../protocol/error-codes.ts';
import { fetch, type FetchResponse } from '../protocol/messages/01-fetch.ts';
import { isTransient, offsetsOf } from './admin.ts';
import { Cluster, RETRY_BACKOFF_MS, type ClusterOptions } from './cluster.ts';
import { KafkaError } from './errors.ts';
import { takeRecords, type FetchedRecord } from './fetched-records.ts';
import { GroupMember, type GroupOptions, type TopicPartition } from './group-member.ts';

export interface ConsumerOptions extends ClusterOptions {
  group?: GroupOptions;
  autoOffsetReset?: 'earliest' | 'latest' | 'none';
  autoCommit?: boolean;
  autoCommitIntervalMs?: number;
  readCommitted?: boolean;
  fetchMinBytes?: number;
  fetchMaxBytes?: number;
  fetchMaxWaitMs?: number;
  partitionFetchBytes?: number;
  metadataMaxAgeMs?: number;
  /** Hears what a rebalance of the group takes away and gives. */
  onRebalance?: (kind: 'revoked' | 'assigned', partitions: readonly TopicPartition[]) => void;
}

interface Fetching extends TopicPartition {
  leaderId: number;
  /** Next offset to fetch; EARLIEST or LATEST until looked up, UNSET until committed offsets were asked for. */
  position: number;
}

export const EARLIEST = -2;
export const LATEST = -1;
const UNSET = -3;
/** The last fetch version that names topics rather than giving their ids. */
const FETCH_VERSION_MAX = 12;

export class Consumer {
  readonly cluster: Cluster;
  private readonly options: Required<Omit<ConsumerOptions, keyof ClusterOptions | 'group'>>;
  private readonly member: GroupMember | null;
  private wanted: readonly string[] | RegExp = [];
  private subscribed: string[] = [];
  private partitions: Fetching[] = [];
  private buffered: FetchedRecord[] = [];
  /** Positions of what was handed out, by `topic-partition`: what a commit commits. */
  private readonly consumed = new Map<string, TopicPartition & { offset: number }>();
  /** Leaders a fetch is under way to. */
  private readonly fetching = new Set<number>();
  private preparing: Promise<void> | null = null;
  private failure: Error | null = null;
  private wake: () => void = () => undefined;
  private metadataAtMs = -Infinity;
  private committedAtMs = performance.now();
  private closed = false;

  constructor(options: ConsumerOptions) {
    const groupId = options.group?.groupId;
    const label = `Consumer clientId=${options.clientId}${groupId === undefined ? '' : `, groupId=${groupId}`}`;
    this.cluster = new Cluster({ label, ...options });
    this.options = {
      autoOffsetReset: 'latest',
      autoCommit: true,
      autoCommitIntervalMs: 5_000,
      readCommitted: false,
      fetchMinBytes: 1,
      fetchMaxBytes: 52_428_800,
      fetchMaxWaitMs: 500,
      partitionFetchBytes: 1_048_576,
      metadataMaxAgeMs: 300_000,
      onRebalance: () => undefined,
      ...options,
    };
    this.member = options.group === undefined ? null : new GroupMember(this.cluster, options.group);
    if (this.member !== null) this.member.onRebalance = () => this.wake();
  }

  /** Consumes topics as a member of the group: by name, or all whose name matches. */
  subscribe(topics: readonly string[] | RegExp): void {
    this.wanted = topics;
  }

  /** Consumes partitions without a group, from an offset, EARLIEST or LATEST. */
  assign(partitions: readonly (TopicPartition & { offset: number })[]): void {
    this.partitions = partitions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      leaderId: -1,
      position: offset,
    }));
  }

  /**
   * Records that have arrived, or none when `timeoutMs` is over first. Throws what cannot pass; returns null once closed.
   */
  async poll(timeoutMs: number): Promise<FetchedRecord[] | null> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (this.closed) return null;
      if (this.failure !== null) throw this.failure;
      if (this.buffered.length > 0) return this.handOut();
      this.proceed();
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return [];
      await this.news(leftMs);
    }
  }

  /** Waits for something to happen, at most `timeoutMs`. */
  private news(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(timeoutMs, 0x7fff_ffff));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private handOut(): FetchedRecord[] {
    const records = this.buffered;
    this.buffered = [];
    for (const { topic, partition, offset } of records)
      this.consumed.set(`${topic}-${partition}`, { topic, partition, offset: offset + 1 });
    this.proceed();
    return records;
  }

  /** Starts what can be started: joining, looking up positions, fetching, committing. Never waits. */
  private proceed(): void {
    if (this.closed || this.preparing !== null) return;
    const stale = performance.now() - this.metadataAtMs > this.options.metadataMaxAgeMs;
    const unsettled = this.partitions.some(({ position, leaderId }) => position < 0 || leaderId < 0);
    if (stale || unsettled || this.member?.needsJoin === true) {
      this.preparing = this.prepare().then(
        () => undefined,
        async (error: Error) => {
          if (isTransient(error)) await sleep(RETRY_BACKOFF_MS);
          else this.failure = error;
        },
      );
      void this.preparing.then(() => {
        this.preparing = null;
        this.wake();
      });
      return;
    }
    this.maybeCommit();
    const leaders = new Set(this.partitions.map(({ leaderId }) => leaderId));
    for (const leaderId of leaders) if (!this.fetching.has(leaderId)) this.fetchFrom(leaderId);
  }

  private async prepare(): Promise<void> {
    await this.refresh();
    if (this.member?.needsJoin === true) await this.join(this.member);
    await this.settlePositions();
  }

  private async refresh(): Promise<void> {
    const grouped = this.member !== null;
    const names =
      this.wanted instanceof RegExp ? null : grouped ? this.wanted : [...new Set(this.partitions.map(({ topic }) => topic))];
    const { topics } = await this.cluster.refresh(names, true);
    const { wanted } = this;
    const matching = wanted instanceof RegExp ? topics.filter(({ name }) => wanted.test(name ?? '')) : topics;
    const invalid = matching
      .filter(({ errorCode }) => errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION)
      .map(({ name }) => name);
    if (invalid.length > 0)
      throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, `Invalid topics: [${invalid.join(', ')}]`);
    const leaders = new Map<string, number>();
    for (const { name, partitions } of matching) {
      for (const { partitionIndex, leaderId } of partitions) leaders.set(`${name}-${partitionIndex}`, leaderId);
    }
    for (const partition of this.partitions)
      partition.leaderId = leaders.get(`${partition.topic}-${partition.partition}`) ?? -1;
    const known = matching.filter(({ errorCode, partitions }) => errorCode === ErrorCode.NONE || partitions.length > 0);
    const names2 = known.map(({ name, partitions }) => `${name}/${partitions.length}`).sort();
    // A group learns of new topics and partitions by its members joining again.
    if (grouped && this.subscribed.length > 0 && names2.join() !== this.subscribed.join()) this.member!.needsJoin = true;
    this.subscribed = names2;
    const missing = grouped
      ? known.length < matching.length || known.length === 0
      : this.partitions.some(({ leaderId }) => leaderId < 0);
    this.metadataAtMs = missing ? -Infinity : performance.now();
    if (missing) throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE);
  }

  private async join(member: GroupMember): Promise<void> {
    if (this.options.autoCommit) await this.commitQuietly(); // before others take our partitions over
    this.revokeAll();
    this.buffered = [];
    this.consumed.clear();
    const topics = this.subscribed.map((entry) => entry.slice(0, entry.lastIndexOf('/')));
    const assigned = await member.join(topics, async (all) => {
      const found = await this.cluster.refresh(all);
      return new Map(found.topics.map(({ name, partitions }) => [name ?? '', partitions.length]));
    });
    this.partitions = assigned.map((partition) => ({ ...partition, leaderId: -1, position: UNSET }));
    this.options.onRebalance('assigned', assigned);
    await this.refresh();
  }

  private revokeAll(): void {
    const revoked = this.partitions.map(({ topic, partition }) => ({ topic, partition }));
    this.partitions = [];
    if (revoked.length > 0) this.options.onRebalance('revoked', revoked);
  }

  /** Gives every partition a position: the committed one, else what the reset policy says. */
  private async settlePositions(): Promise<void> {
    const { member } = this;
    const unset = this.partitions.filter(({ position }) => position === UNSET);
    if (member !== null && unset.length > 0) {
      const committed = await member.committed(unset);
      for (const partition of unset)
        partition.position = committed.get(`${partition.topic}-${partition.partition}`) ?? this.resetTo(partition);
    }
    const lookups = this.partitions.filter(({ position }) => position === EARLIEST || position === LATEST);
    for (const partition of lookups) {
      const connection = await this.cluster.broker(partition.leaderId);
      const isolation = this.options.readCommitted ? 1 : 0;
      const [found] = await offsetsOf(connection, partition.topic, [partition.partition], partition.position, isolation);
      const errorCode = found?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode);
      partition.position = found!.offset;
    }
  }

  private resetTo({ topic, partition }: TopicPartition): number {
    if (this.options.autoOffsetReset === 'none') {
      throw new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `Undefined offset with no reset policy for partitions: [${topic}-${partition}]`,
      );
    }
    return this.options.autoOffsetReset === 'earliest' ? EARLIEST : LATEST;
  }

  private fetchFrom(leaderId: number): void {
    const mine = this.partitions.filter((partition) => partition.leaderId === leaderId);
    this.fetching.add(leaderId);
    const round = async (): Promise<void> => {
      const { fetchMaxWaitMs, fetchMinBytes, fetchMaxBytes, partitionFetchBytes, readCommitted } = this.options;
      const connection = await this.cluster.broker(leaderId);
      const topics = new Map<string, { partition: number; fetchOffset: number; partitionMaxBytes: number }[]>();
      for (const { topic, partition, position } of mine) {
        const list = topics.get(topic) ?? [];
        list.push({ partition, fetchOffset: position, partitionMaxBytes: partitionFetchBytes });
        topics.set(topic, list);
      }
      const request = {
        replicaId: -1,
        maxWaitMs: fetchMaxWaitMs,
        minBytes: fetchMinBytes,
        maxBytes: fetchMaxBytes,
        isolationLevel: readCommitted ? 1 : 0,
        topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      };
      const response = await connection.request(fetch, request, { version: connection.versionOf(fetch, FETCH_VERSION_MAX) });
      this.take(response, mine);
    };
    round()
      .catch(async (error: Error) => {
        if (!isTransient(error)) this.failure ??= error;
        this.metadataAtMs = -Infinity;
        await sleep(RETRY_BACKOFF_MS);
      })
      .finally(() => {
        this.fetching.delete(leaderId);
        this.wake();
      });
  }

  /** Takes an answer in. Partitions that were taken from us meanwhile are ignored. */
  private take(response: FetchResponse, asked: readonly Fetching[]): void {
    if (response.errorCode !== ErrorCode.NONE) throw new KafkaError(response.errorCode);
    for (const { topic, partitions } of response.responses) {
      for (const answer of partitions) {
        const target = asked.find((one) => one.topic === topic && one.partition === answer.partitionIndex);
        if (target === undefined || !this.partitions.includes(target)) continue;
        if (answer.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
          target.position = this.resetTo(target);
        } else if (answer.errorCode !== ErrorCode.NONE) {
          throw new KafkaError(answer.errorCode);
        } else if (answer.records !== null && answer.records.length > 0) {
          const aborted = this.options.readCommitted ? (answer.abortedTransactions ?? []) : [];
          const source = { topic, partition: target.partition, records: answer.records, aborted };
          target.position = takeRecords(this.buffered, source, target.position);
        }
      }
    }
  }

  private maybeCommit(): void {
    const { autoCommit, autoCommitIntervalMs } = this.options;
    if (!autoCommit || performance.now() - this.committedAtMs < autoCommitIntervalMs) return;
    this.committedAtMs = performance.now();
    void this.commitQuietly();
  }

  /** Commits what was handed out. An automatic commit that fails is made good by the next one. */
  private async commitQuietly(): Promise<void> {
    await this.commit().catch((error: Error) => {
      const { label, log } = this.cluster.options;
      log?.(
        'WARN',
        `[${label}] Asynchronous auto-commit failed: ${error.message}`,
        'org.apache.kafka.clients.consumer.internals.ConsumerCoordinator',
      );
    });
  }

  async commit(): Promise<void> {
    await this.member?.commit([...this.consumed.values()]);
  }

  /** What was handed out but not looked at is not committed: the caller says up to where it got. */
  seekConsumed(position: TopicPartition & { offset: number }): void {
    this.consumed.set(`${position.topic}-${position.partition}`, position);
  }

  /** Makes a waiting `poll` return null. */
  wakeup(): void {
    this.closed = true;
    this.wake();
  }

  async close(): Promise<void> {
    this.wakeup();
    if (this.member !== null) {
      const leaving = (this.options.autoCommit ? this.commitQuietly() : Promise.resolve()).then(() => this.member!.leave());
      // A coordinator that cannot be reached must not keep us: the session will run out.
      await Promise.race([leaving.catch(() => undefined), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
      this.revokeAll();
    }
    this.cluster.close();
  }
}

const CLOSE_TIMEOUT_MS = 5_000;
