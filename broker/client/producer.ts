/**
 * A producer: records gather in one open batch per partition and leave when it is full, when `lingerMs` is over or on
 * `flush`.
 *
 * Order and exactness. A partition has at most one batch on its way, so a retry cannot overtake; with idempotence (the
 * default, as in Java) batches carry producer id and sequence, so a retry of a batch that did arrive is not appended twice.
 * Partitions with the same leader share a request. Callbacks, not promises, tell each record's fate: there are many
 * records.
 *
 * Bounds: `bufferMemory` bytes wait in all; `hasRoom` says when to stop and `room` waits for it. A batch that cannot be
 * delivered in `deliveryTimeoutMs` or within `retries` fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, isRetriable } from '../protocol/error-codes.ts';
import { initProducerId } from '../protocol/messages/22-init-producer-id.ts';
import { produce, type ProduceResponse } from '../protocol/messages/00-produce.ts';
import { BatchBuilder, recordSizeBound } from '../records/build-batch.ts';
import type { RecordHeader } from '../records/iterate-records.ts';
import { BATCH_HEADER_SIZE, NO_SEQUENCE, setProducer, type Codec } from '../records/record-batch.ts';
import { Cluster, retry, RETRY_BACKOFF_MS, type ClusterOptions } from './cluster.ts';
import { isTransient } from './admin.ts';
import { KafkaError, TimeoutError } from './errors.ts';
import { partitionForKey } from './murmur2.ts';

export interface ProducerRecord {
  topic: string;
  partition?: number;
  key: Buffer | null;
  value: Buffer | null;
  headers?: readonly RecordHeader[];
  timestamp?: number;
}
/**
 * Called once per record: with its place, or with what went wrong. Offset -1 when the broker was not asked for it (acks 0).
 */
export type Delivered = (error: Error | null, partition: number, offset: number) => void;

export interface ProducerOptions extends ClusterOptions {
  acks?: -1 | 0 | 1;
  idempotent?: boolean;
  compression?: Codec;
  lingerMs?: number;
  batchSize?: number;
  bufferMemory?: number;
  requestSizeMax?: number;
  retries?: number;
  retryBackoffMs?: number;
  deliveryTimeoutMs?: number;
  /** How long a record may wait for its topic to be known. */
  maxBlockMs?: number;
}

interface OpenBatch {
  readonly builder: BatchBuilder;
  readonly delivered: (Delivered | null)[];
  readonly createdMs: number;
}
interface ReadyBatch {
  readonly bytes: Buffer;
  readonly delivered: (Delivered | null)[];
  /** What it takes of the buffer memory. */
  readonly weight: number;
  readonly deadlineMs: number;
  attempts: number;
  sequence: number;
}
interface Partition {
  readonly topic: string;
  readonly index: number;
  leaderId: number;
  open: OpenBatch | null;
  readonly ready: ReadyBatch[];
  inFlight: boolean;
  nextSequence: number;
}
interface Topic {
  partitions: Partition[];
  /** Where records without a key go until the current batch is full. */
  sticky: number;
  waiting: { record: ProducerRecord; delivered: Delivered | null }[] | null;
  /** Resolves when the topic is known or was given up. */
  discovered: Promise<void>;
}

export class Producer {
  readonly cluster: Cluster;
  private readonly options: Required<Omit<ProducerOptions, keyof ClusterOptions>>;
  private readonly random: () => number;
  private readonly topics = new Map<string, Topic>();
  private buffered = 0;
  private roomWaiters: (() => void)[] = [];
  private idleWaiters: (() => void)[] = [];
  private outstanding = 0;
  private lingerTimer: NodeJS.Timeout | null = null;
  private drainScheduled = false;
  private flushing = 0;
  private identity: Promise<{ producerId: number; producerEpoch: number }> | null = null;

  constructor(options: ProducerOptions) {
    this.cluster = new Cluster({ label: `Producer clientId=${options.clientId}`, ...options });
    const acks = options.acks ?? -1;
    this.random = options.random ?? Math.random;
    this.options = {
      acks,
      idempotent: options.idempotent ?? acks === -1,
      compression: options.compression ?? 'none',
      lingerMs: options.lingerMs ?? 0,
      batchSize: options.batchSize ?? 16_384,
      bufferMemory: options.bufferMemory ?? 33_554_432,
      requestSizeMax: options.requestSizeMax ?? 1_048_576,
      retries: options.retries ?? 0x7fff_ffff,
      retryBackoffMs: options.retryBackoffMs ?? RETRY_BACKOFF_MS,
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
      maxBlockMs: options.maxBlockMs ?? 60_000,
    };
  }

  get hasRoom(): boolean {
    return this.buffered < this.options.bufferMemory;
  }

  /** Resolves when the topic's partitions are known, or its records were given up because they could not be found out. */
  async settled(topic: string): Promise<void> {
    await this.topics.get(topic)?.discovered;
  }

  /** Resolves when there is room for more. */
  room(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.roomWaiters.push(resolve));
  }

  send(record: ProducerRecord, delivered: Delivered | null = null): void {
    const weight = recordSizeBound(record);
    this.outstanding++;
    if (BATCH_HEADER_SIZE + weight > this.options.requestSizeMax) {
      const message =
        `The message is ${BATCH_HEADER_SIZE + weight} bytes when serialized which is larger than ${this.options.requestSizeMax}, ` +
        'which is the value of the max.request.size configuration.';
      this.finish([delivered], new KafkaError(ErrorCode.MESSAGE_TOO_LARGE, message), -1, -1, 0);
      return;
    }
    this.buffered += weight;
    const topic = this.topics.get(record.topic) ?? this.discover(record.topic);
    if (topic.waiting === null) this.append(topic, record, delivered);
    else topic.waiting.push({ record, delivered });
  }

  /** A topic not seen before: its records wait until metadata has named its partitions. */
  private discover(name: string): Topic {
    const topic: Topic = { partitions: [], sticky: -1, waiting: [], discovered: Promise.resolve() };
    this.topics.set(name, topic);
    const { maxBlockMs } = this.options;
    const onTimeout = (): Error => new TimeoutError(`Topic ${name} not present in metadata after ${maxBlockMs} ms.`);
    topic.discovered = retry(() => this.refresh(name, topic), isTransient, maxBlockMs, onTimeout).then(
      () => {
        const waiting = topic.waiting ?? [];
        topic.waiting = null;
        for (const { record, delivered } of waiting) this.append(topic, record, delivered);
      },
      (error: Error) => {
        this.topics.delete(name); // the next record asks again
        for (const { record, delivered } of topic.waiting ?? [])
          this.finish([delivered], error, -1, -1, recordSizeBound(record));
      },
    );
    return topic;
  }

  private async refresh(name: string, topic: Topic): Promise<void> {
    const found = (await this.cluster.refresh([name], true)).topics[0];
    if (found === undefined) throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    if (found.errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION)
      throw new KafkaError(found.errorCode, `Invalid topics: [${name}]`);
    if (found.errorCode !== ErrorCode.NONE) throw new KafkaError(found.errorCode);
    for (const { partitionIndex, leaderId } of found.partitions.sort((a, b) => a.partitionIndex - b.partitionIndex)) {
      const known = topic.partitions[partitionIndex];
      if (known !== undefined) known.leaderId = leaderId;
      else {
        const fresh = {
          topic: name,
          index: partitionIndex,
          leaderId,
          open: null,
          ready: [],
          inFlight: false,
          nextSequence: 0,
        };
        topic.partitions.push(fresh);
      }
    }
  }

  private append(topic: Topic, record: ProducerRecord, delivered: Delivered | null): void {
    const partition = topic.partitions[this.choose(topic, record)];
    if (partition === undefined) {
      const range = `is not in the range [0...${topic.partitions.length}).`;
      const error = new KafkaError(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        `Partition ${record.partition} of topic ${record.topic} ${range}`,
      );
      this.finish([delivered], error, -1, -1, recordSizeBound(record));
      return;
    }
    const timestamp = record.timestamp ?? Date.now();
    const { key, value, headers } = record;
    partition.open ??= { builder: new BatchBuilder(), delivered: [], createdMs: performance.now() };
    const { builder } = partition.open;
    if (builder.count > 0 && builder.size + recordSizeBound(record) > this.options.batchSize) {
      this.seal(partition, topic);
      this.append(topic, record, delivered);
      return;
    }
    builder.append({ key, value, headers, timestamp });
    partition.open.delivered.push(delivered);
    if (builder.size >= this.options.batchSize) this.seal(partition, topic);
    else this.schedule();
  }

  private choose(topic: Topic, { partition, key }: ProducerRecord): number {
    const count = topic.partitions.length;
    if (partition !== undefined) return partition;
    if (key !== null) return partitionForKey(key, count);
    if (topic.sticky < 0) topic.sticky = Math.floor(this.random() * count);
    return topic.sticky;
  }

  /** Ends the open batch of a partition and puts it in line. */
  private seal(partition: Partition, topic: Topic | undefined): void {
    const { open } = partition;
    if (open === null) return;
    partition.open = null;
    if (topic !== undefined && topic.sticky === partition.index) topic.sticky = -1;
    const weight = open.builder.size;
    partition.ready.push({
      bytes: open.builder.build({ compression: this.options.compression }),
      delivered: open.delivered,
      weight,
      deadlineMs: open.createdMs + this.options.deliveryTimeoutMs,
      attempts: 0,
      sequence: NO_SEQUENCE,
    });
    this.wake();
  }

  private schedule(): void {
    if (this.flushing > 0 || this.options.lingerMs === 0) this.wake();
    else this.lingerTimer ??= setTimeout(() => this.wake(), this.options.lingerMs);
  }

  /** Sends what is due once the current turn of the event loop is over, so that records sent together travel together. */
  private wake(): void {
    if (this.drainScheduled) return;
    this.drainScheduled = true;
    setImmediate(() => {
      this.drainScheduled = false;
      this.drain();
    });
  }

  private drain(): void {
    if (this.lingerTimer !== null) clearTimeout(this.lingerTimer);
    this.lingerTimer = null;
    const now = performance.now();
    const { lingerMs, requestSizeMax } = this.options;
    const byLeader = new Map<number, { partitions: Partition[]; size: number }>();
    let nextLingerMs = Infinity;
    for (const topic of this.topics.values()) {
      for (const partition of topic.partitions) {
        if (partition.inFlight) continue;
        const { open } = partition;
        if (partition.ready.length === 0 && open !== null) {
          const leftMs = this.flushing > 0 ? 0 : open.createdMs + lingerMs - now;
          if (leftMs <= 0) this.seal(partition, topic);
          else nextLingerMs = Math.min(nextLingerMs, leftMs);
        }
        const head = partition.ready[0];
        if (head === undefined) continue;
        const request = byLeader.get(partition.leaderId) ?? { partitions: [], size: 0 };
        if (request.size > 0 && request.size + head.bytes.length > requestSizeMax) continue; // goes when this one is answered
        request.partitions.push(partition);
        request.size += head.bytes.length;
        byLeader.set(partition.leaderId, request);
      }
    }
    if (nextLingerMs < Infinity) this.lingerTimer ??= setTimeout(() => this.wake(), Math.ceil(nextLingerMs));
    for (const [leaderId, { partitions }] of byLeader) {
      for (const partition of partitions) partition.inFlight = true;
      this.transmit(leaderId, partitions).then(
        () => this.wake(),
        (error: Error) => this.settleAll(partitions, error),
      );
    }
  }

  private async transmit(leaderId: number, partitions: readonly Partition[]): Promise<void> {
    const { acks, idempotent } = this.options;
    const timeoutMs = this.cluster.options.requestTimeoutMs ?? 30_000;
    const identity = idempotent ? await this.identify() : null;
    const topics = new Map<string, { index: number; records: Buffer }[]>();
    for (const partition of partitions) {
      const batch = partition.ready[0]!;
      if (identity !== null && batch.sequence === NO_SEQUENCE) {
        batch.sequence = partition.nextSequence;
        setProducer(batch.bytes, 0, identity.producerId, identity.producerEpoch, batch.sequence);
        partition.nextSequence = (batch.sequence + batch.delivered.length) % 0x8000_0000;
      }
      const list = topics.get(partition.topic) ?? [];
      list.push({ index: partition.index, records: batch.bytes });
      topics.set(partition.topic, list);
    }
    const topicData = [...topics].map(([name, partitionData]) => ({ name, partitionData }));
    const connection = await this.cluster.broker(leaderId);
    if (acks === 0) {
      connection.notify(produce, { acks, timeoutMs, topicData });
      for (const partition of partitions) this.settle(partition, null, -1);
      return;
    }
    const response = await connection.request(produce, { acks, timeoutMs, topicData });
    await this.settleResponse(partitions, response);
  }

  private async settleResponse(partitions: readonly Partition[], response: ProduceResponse): Promise<void> {
    const failed: [Partition, KafkaError][] = [];
    for (const partition of partitions) {
      const answers = response.responses.find(({ name }) => name === partition.topic)?.partitionResponses;
      const answer = answers?.find(({ index }) => index === partition.index);
      const errorCode = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
        this.settle(partition, null, answer?.baseOffset ?? -1);
      } else {
        failed.push([partition, new KafkaError(errorCode, answer?.errorMessage)]);
      }
    }
    for (const [partition, error] of failed) await this.settleFailure(partition, error);
  }

  private async settleAll(partitions: readonly Partition[], error: Error): Promise<void> {
    for (const partition of partitions) if (partition.inFlight) await this.settleFailure(partition, error);
    this.wake();
  }

  /** Tries a failed batch again if that may help and there is time, else gives it up. */
  private async settleFailure(partition: Partition, error: Error): Promise<void> {
    const batch = partition.ready[0]!;
    const lost = error instanceof KafkaError && LOST_STATE.has(error.code);
    const helps = isTransient(error) || lost || (error instanceof KafkaError && isRetriable(error.code));
    batch.attempts++;
    if (!helps || batch.attempts > this.options.retries) return this.settle(partition, error, -1);
    await sleep(this.options.retryBackoffMs);
    if (performance.now() >= batch.deadlineMs) {
      const text = `Expiring ${batch.delivered.length} record(s) for ${partition.topic}-${partition.index}:`;
      const waitedMs = Math.round(performance.now() - batch.deadlineMs + this.options.deliveryTimeoutMs);
      return this.settle(partition, new TimeoutError(`${text}${waitedMs} ms has passed since batch creation`), -1);
    }
    if (lost) this.forgetIdentity();
    const topic = this.topics.get(partition.topic);
    // Best effort: when the refresh fails too, the next attempt fails as well and comes back here.
    if (topic !== undefined) await this.refresh(partition.topic, topic).catch(() => undefined);
    partition.inFlight = false;
  }

  private settle(partition: Partition, error: Error | null, baseOffset: number): void {
    const batch = partition.ready.shift()!;
    partition.inFlight = false;
    // A gap in the sequence would refuse all that follows: begin anew.
    if (error !== null && batch.sequence !== NO_SEQUENCE) this.forgetIdentity();
    this.finish(batch.delivered, error, partition.index, baseOffset, batch.weight);
  }

  private finish(
    delivered: readonly (Delivered | null)[],
    error: Error | null,
    partition: number,
    baseOffset: number,
    weight: number,
  ): void {
    this.buffered = Math.max(0, this.buffered - weight);
    this.outstanding -= delivered.length;
    if (this.outstanding === 0) this.buffered = 0; // the accounting is an estimate: it starts over whenever nothing is left
    for (let at = 0; at < delivered.length; at++) delivered[at]?.(error, partition, baseOffset < 0 ? -1 : baseOffset + at);
    if (this.hasRoom && this.roomWaiters.length > 0) {
      const waiters = this.roomWaiters;
      this.roomWaiters = [];
      for (const waiter of waiters) waiter();
    }
    if (this.outstanding === 0) {
      const waiters = this.idleWaiters;
      this.idleWaiters = [];
      for (const waiter of waiters) waiter();
    }
  }

  private identify(): Promise<{ producerId: number; producerEpoch: number }> {
    const ask = async (): Promise<{ producerId: number; producerEpoch: number }> => {
      const request = { transactionalId: null, transactionTimeoutMs: 0x7fff_ffff };
      const { errorCode, producerId, producerEpoch } = await this.cluster.request(initProducerId, request);
      if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode);
      return { producerId, producerEpoch };
    };
    this.identity ??= ask().catch((error: unknown) => {
      this.identity = null; // the next batch asks again
      throw error;
    });
    return this.identity;
  }

  /**
   * Takes a new producer id with the next batch: sequences start at 0 everywhere, also for batches that wait to be sent
   * again.
   */
  private forgetIdentity(): void {
    this.identity = null;
    for (const topic of this.topics.values()) {
      for (const partition of topic.partitions) {
        partition.nextSequence = 0;
        for (const batch of partition.ready) batch.sequence = NO_SEQUENCE;
      }
    }
  }

  /** Resolves when every record sent so far was delivered or given up. */
  async flush(): Promise<void> {
    if (this.outstanding === 0) return;
    this.flushing++;
    this.wake();
    await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
    this.flushing--;
  }

  async close(): Promise<void> {
    await this.flush();
    if (this.lingerTimer !== null) clearTimeout(this.lingerTimer);
    this.cluster.close();
  }
}

/** The partition leader does not know our sequence (any more): a new producer id gets going again. */
const LOST_STATE: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
]);
