/**
 * AlterReplicaLogDirs (0–2, KIP-113): moves replicas of this broker between its log directories. A partition that is not here yet is
 * answered REPLICA_NOT_AVAILABLE, and made in that directory when it comes.
 */
import type { LogManager } from '../log/log-manager.ts';
import type { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from '../protocol/messages/34-alter-replica-log-dirs.ts';
import { alterReplicaLogDirs } from '../protocol/messages/34-alter-replica-log-dirs.ts';
import type { Handler } from '../server/handler.ts';

export function alterReplicaLogDirsHandler(
  logs: Pick<LogManager, 'moveReplica'>,
): Handler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse> {
  return {
    api: alterReplicaLogDirs,
    async handle({ dirs }) {
      const results = new Map<string, AlterReplicaLogDirsResponse['results'][number]>();
      for (const { path, topics } of dirs) {
        for (const { name, partitions } of topics) {
          const result = results.get(name) ?? { topicName: name, partitions: [] };
          for (const partitionIndex of partitions) {
            result.partitions.push({ partitionIndex, errorCode: await logs.moveReplica(name, partitionIndex, path) });
          }
          results.set(name, result);
        }
      }
      return { throttleTimeMs: 0, results: [...results.values()] };
    },
  };
}
