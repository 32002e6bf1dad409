/**
 * A follower's connection to a leader: the few requests that a fetcher makes, over a socket (tests and simulations have
 * others).
 */
import { openConnection } from '../client/cluster.ts';
import type { Connection } from '../client/connection.ts';
import { ErrorCode, errorName } from '../protocol/error-codes.ts';
import { fetch, type FetchResponse } from '../protocol/messages/01-fetch.ts';
import { listOffsets } from '../protocol/messages/02-list-offsets.ts';
import { ZERO_UUID, type Draft } from '../protocol/schema.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from './list-offsets.ts';

export type LeaderFetchRequest = Draft<typeof fetch.request>;
export type FetchedTopic = LeaderFetchRequest['topics'][number];
export type FetchedPartition = FetchedTopic['partitions'][number];

export interface LeaderPartition {
  readonly topic: string;
  readonly partition: number;
  readonly replicaId: number;
  readonly currentLeaderEpoch: number;
}

export interface LeaderConnection {
  fetch(request: LeaderFetchRequest): Promise<FetchResponse>;
  /** Where the leader's log begins or ends. Rejects when the leader does not say. */
  endOffset(at: LeaderPartition, end: 'earliest' | 'latest'): Promise<number>;
  close(): void;
}

/** Topic ids came with this version; without an id for every topic the one before has to do. */
const FETCH_BY_NAME_MAX = 12;

export interface LeaderAddress {
  readonly host: string;
  readonly port: number;
}

export async function connectToLeader(
  address: LeaderAddress,
  clientId: string,
  requestTimeoutMs: number,
): Promise<LeaderConnection> {
  return new SocketLeaderConnection(await openConnection({ ...address, clientId, requestTimeoutMs }));
}

class SocketLeaderConnection implements LeaderConnection {
  private readonly connection: Connection;
  /** A session goes by ids or by names: once a topic has no id, all go by name. */
  private byName = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  fetch(request: LeaderFetchRequest): Promise<FetchResponse> {
    this.byName ||= request.topics.some(({ topicId }) => topicId === undefined || topicId === ZERO_UUID);
    const version = this.connection.versionOf(fetch, this.byName ? FETCH_BY_NAME_MAX : fetch.versionMax);
    return this.connection.request(fetch, request, { version });
  }

  async endOffset(at: LeaderPartition, end: 'earliest' | 'latest'): Promise<number> {
    const { topic, partition, replicaId, currentLeaderEpoch } = at;
    const timestamp = end === 'latest' ? LATEST_TIMESTAMP : EARLIEST_TIMESTAMP;
    const { topics } = await this.connection.request(listOffsets, {
      replicaId,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch, timestamp }] }],
    });
    const answer = topics[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== ErrorCode.NONE) {
      const why = answer === undefined ? 'no answer' : errorName(answer.errorCode);
      throw new Error(`The ${end} offset of ${topic}-${partition} is not known: ${why}`);
    }
    return answer.offset;
  }

  close(): void {
    this.connection.close();
  }
}
