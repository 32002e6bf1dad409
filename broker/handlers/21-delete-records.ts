/**
 * DeleteRecords (0–2): moves log starts; offset -1 stands for the high watermark. Answers when the live replicas have
 * followed.
 */
import { deleteRecords, type DeleteRecordsRequest } from '../protocol/messages/21-delete-records.ts';
import type { Draft } from '../protocol/schema.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import type { Handler } from '../server/handler.ts';

type DeleteRecordsAnswer = Draft<typeof deleteRecords.response>;

export class DeleteRecordsHandler implements Handler<DeleteRecordsRequest, DeleteRecordsAnswer> {
  readonly api = deleteRecords;
  private readonly replicas: ReplicaManager;

  constructor(replicas: ReplicaManager) {
    this.replicas = replicas;
  }

  async handle(request: DeleteRecordsRequest): Promise<DeleteRecordsAnswer> {
    const entries = request.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, offset }) => ({ topic: name, partition: partitionIndex, offset })),
    );
    const results = await this.replicas.deleteRecords(entries, request.timeoutMs);
    let next = 0;
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...results[next++]! })),
    }));
    return { throttleTimeMs: 0, topics };
  }
}
