/**
 * AlterReplicaLogDirs: moves replicas between the directories of a broker. v2 flexible.
 */
import { api, array, i16, i32, str, type Infer } from '../schema.ts';

export const alterReplicaLogDirs = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [0, 2],
  flexible: 2,
  request: {
    dirs: array({ path: str, topics: array({ name: str, partitions: array(i32) }) }),
  },
  response: {
    throttleTimeMs: i32,
    results: array({
      topicName: str,
      partitions: array({ partitionIndex: i32, errorCode: i16 }),
    }),
  },
});
export type AlterReplicaLogDirsRequest = Infer<typeof alterReplicaLogDirs.request>;
export type AlterReplicaLogDirsResponse = Infer<typeof alterReplicaLogDirs.response>;
