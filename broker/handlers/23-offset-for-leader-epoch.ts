/**
 * OffsetForLeaderEpoch (0–4): where a leader epoch ended: the largest epoch that is known and at most the one asked
 * for, and the offset at which the next one began. An epoch from the future, or from before the log's first: -1 and -1,
 * no error.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import { offsetForLeaderEpoch, type OffsetForLeaderEpochRequest } from '../protocol/messages/23-offset-for-leader-epoch.ts';
import type { Draft } from '../protocol/schema.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import type { Handler } from '../server/handler.ts';

type EpochAnswer = Draft<typeof offsetForLeaderEpoch.response>;
type PartitionQuery = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number];

export class OffsetForLeaderEpochHandler implements Handler<OffsetForLeaderEpochRequest, EpochAnswer> {
  readonly api = offsetForLeaderEpoch;
  private readonly replicas: ReplicaManager;

  constructor(replicas: ReplicaManager) {
    this.replicas = replicas;
  }

  handle(request: OffsetForLeaderEpochRequest): EpochAnswer {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((query) => this.answer(topic, query)),
    }));
    return { throttleTimeMs: 0, topics };
  }

  private answer(topic: string, query: PartitionQuery): EpochAnswer['topics'][number]['partitions'][number] {
    const partition = this.replicas.partition(topic, query.partition);
    const errorCode =
      partition === undefined
        ? this.replicas.absence(topic, query.partition)
        : partition.checkAccess(query.currentLeaderEpoch, true);
    const end = partition === undefined || errorCode !== ErrorCode.NONE ? null : partition.endOfEpoch(query.leaderEpoch);
    return { errorCode, partition: query.partition, leaderEpoch: end?.leaderEpoch ?? -1, endOffset: end?.endOffset ?? -1 };
  }
}
