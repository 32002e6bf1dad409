/**
 * StopReplica: the controller tells a broker to stop, and maybe delete, replicas. v1 broker epoch and partitions by topic,
 * v2 flexible, v3 per partition leader epoch and delete flag (KIP-570), v4 KRaft flag.
 */
import { api, array, between, bool, defaulted, i16, i32, i64, since, str, until, type Infer } from '../schema.ts';

export const stopReplica = api({
  key: 5,
  name: 'StopReplica',
  versions: [0, 4],
  flexible: 2,
  request: {
    controllerId: i32,
    isKRaftController: since(4, bool, false),
    controllerEpoch: i32,
    brokerEpoch: since(1, i64, -1),
    deletePartitions: until(2, bool, false),
    ungroupedPartitions: until(0, array({ topicName: str, partitionIndex: i32 }), []),
    topics: between(1, 2, array({ name: str, partitionIndexes: array(i32) }), []),
    topicStates: since(
      3,
      array({
        topicName: str,
        partitionStates: array({
          partitionIndex: i32,
          leaderEpoch: defaulted(i32, -1),
          deletePartition: bool,
        }),
      }),
      [],
    ),
  },
  response: {
    errorCode: i16,
    partitionErrors: array({ topicName: str, partitionIndex: i32, errorCode: i16 }),
  },
});
export type StopReplicaRequest = Infer<typeof stopReplica.request>;
export type StopReplicaResponse = Infer<typeof stopReplica.response>;
