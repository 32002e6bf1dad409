/**
 * A broker of temporary directories: the real logs under the real replica manager, with the handlers of the data path
 * on top.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../shared/base/clock.ts';
import { defaultLogConfig, logConfigFrom, type LogConfig } from '../../../broker/log/log-config.ts';
import { LogManager } from '../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { ProduceHandler } from '../../../broker/handlers/00-produce.ts';
import { FetchHandler } from '../../../broker/handlers/01-fetch.ts';
import { ListOffsetsHandler } from '../../../broker/handlers/02-list-offsets.ts';
import { DeleteRecordsHandler } from '../../../broker/handlers/21-delete-records.ts';
import { OffsetForLeaderEpochHandler } from '../../../broker/handlers/23-offset-for-leader-epoch.ts';
import type { ProduceRequest } from '../../../broker/protocol/messages/00-produce.ts';
import { fetch, type FetchRequest, type FetchResponse } from '../../../broker/protocol/messages/01-fetch.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { FetchSessionCache } from '../../../broker/replication/fetch-session.ts';
import { ReplicaManager } from '../../../broker/replication/replica-manager.ts';
import { noPeers } from '../replication/fakes.ts';
import type { RequestContext } from '../../../broker/server/handler.ts';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import { leadershipRequest, type OrderOptions } from '../replication/fakes.ts';

export const TOPIC_ID = 'b'.repeat(21) + 'A';

export function context(apiVersion: number, clientId = 'client'): RequestContext {
  return {
    apiVersion,
    clientId,
    correlationId: 1,
    listenerName: 'PLAINTEXT',
    clientAddress: '127.0.0.1',
    connectionId: '127.0.0.1:9092-127.0.0.1:1-0',
    principal: 'User:ANONYMOUS',
    requestSize: 100,
    quotas: null,
    closed: false,
    onClose: () => () => undefined,
  };
}

export class DataPath {
  readonly directory: string;
  readonly known = new Set<string>();
  readonly names = new Map([[TOPIC_ID, 't']]);
  readonly configs = new Map<string, LogConfig>();
  readonly sessions = new FetchSessionCache({
    slots: 10,
    evictionMs: 120_000,
    randomSessionId: () => (this.sessionIds += 1),
  });
  logs!: LogManager;
  replicas!: ReplicaManager;
  produce!: ProduceHandler;
  fetch!: FetchHandler;
  listOffsets!: ListOffsetsHandler;
  deleteRecords!: DeleteRecordsHandler;
  offsetForLeaderEpoch!: OffsetForLeaderEpochHandler;
  fetchMaxBytes = 57_671_680;
  private sessionIds = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(): Promise<DataPath> {
    const dataPath = new DataPath(await mkdtemp(path.join(tmpdir(), 'data-path-')));
    await dataPath.open();
    return dataPath;
  }

  private async open(): Promise<void> {
    this.logs = await LogManager.open({
      dirs: [this.directory],
      brokerId: 0,
      clusterId: 'c'.repeat(22),
      defaults: defaultLogConfig,
      configOf: (topic) => this.configs.get(topic) ?? defaultLogConfig,
    });
    const cluster = {
      hasPartition: (topic: string, partition: number) => this.known.has(`${topic}-${partition}`),
      isAlive: () => true,
    };
    const { logs } = this;
    // Checkpoints are written at the stop only: a crash leaves nobody behind who writes later.
    const highWatermarkCheckpointIntervalMs = 1_000_000_000;
    this.replicas = new ReplicaManager({
      brokerId: 0,
      logs,
      clock: systemClock,
      cluster,
      replication: noPeers,
      highWatermarkCheckpointIntervalMs,
    });
    logs.onDirFailure(({ logDir, error }) => this.replicas.logDirFailed(logDir, error));
    this.produce = new ProduceHandler(this.replicas);
    this.fetch = new FetchHandler({
      replicas: this.replicas,
      sessions: this.sessions,
      topicName: (topicId) => this.names.get(topicId) ?? null,
      clock: systemClock,
      fetchMaxBytes: this.fetchMaxBytes,
    });
    this.listOffsets = new ListOffsetsHandler(this.replicas);
    this.deleteRecords = new DeleteRecordsHandler(this.replicas);
    this.offsetForLeaderEpoch = new OffsetForLeaderEpochHandler(this.replicas);
  }

  /** Stops and starts on the same directories. */
  async restart(): Promise<void> {
    await this.replicas.close();
    await this.logs.close();
    await this.open();
  }

  /** Goes down as if killed. */
  async crash(): Promise<void> {
    await this.logs.abandon();
    await this.open();
  }

  async stop(): Promise<void> {
    await this.replicas.close();
    await this.logs.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async lead(
    topic: string,
    partitions: number[],
    order: Partial<OrderOptions> = {},
    config: Record<string, string> = {},
  ): Promise<void> {
    this.configs.set(topic, logConfigFrom(defaultLogConfig, config));
    const response = await this.replicas.becomeLeaderOrFollower(leadershipRequest(topic, partitions, order));
    const refused = response.partitionErrors.filter(({ errorCode }) => errorCode !== 0);
    if (refused.length > 0) throw new Error(`LeaderAndIsr was refused: ${JSON.stringify(refused)}`);
  }

  log(topic = 't', partition = 0): PartitionLog {
    return this.logs.get(topic, partition)!;
  }

  async send(records: Buffer | null, { acks = 1, apiVersion = 9, topic = 't', partition = 0, clientId = 'client' } = {}) {
    const request: ProduceRequest = {
      transactionalId: null,
      acks,
      timeoutMs: 1_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    };
    const answer = await this.produce.handle(request, context(apiVersion, clientId));
    if (answer === null || typeof answer === 'symbol') return answer;
    return answer.responses[0]!.partitionResponses[0]!;
  }

  /** Asks, and takes the answer over the wire: as a client of that version sees it. */
  async ask(request: Partial<FetchRequest>, apiVersion = 12): Promise<FetchResponse> {
    const whole: FetchRequest = {
      clusterId: null,
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 52_428_800,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [],
      forgottenTopicsData: [],
      rackId: '',
      ...request,
    };
    const answer = await this.fetch.handle(whole, context(apiVersion));
    if (answer === null || typeof answer === 'symbol') throw new Error('a fetch always has an answer');
    const writer = new Writer();
    fetch.response.encode(writer, answer, apiVersion);
    const reader = new Reader(writer.finish());
    const seen = fetch.response.decode(reader, apiVersion);
    if (!reader.complete) throw new Error(`The answer does not decode: ${reader.failure}`);
    return seen;
  }
}

export function from(
  offset: number,
  { topic = 't', topicId = ZERO_UUID, partition = 0, partitionMaxBytes = 1_048_576, currentLeaderEpoch = -1 } = {},
): FetchRequest['topics'][number] {
  const wanted = {
    partition,
    currentLeaderEpoch,
    fetchOffset: offset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes,
  };
  return { topic, topicId, partitions: [wanted] };
}
