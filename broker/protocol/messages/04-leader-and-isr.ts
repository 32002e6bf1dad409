/**
 * LeaderAndIsr: the controller tells a broker which partitions to lead and which to follow. v2 groups partitions by topic
 * and fences by broker epoch (KIP-380), v3 replicas being added or removed (KIP-455), v4 flexible, v5 topic ids and whether
 * the request is complete, v6 leader recovery (KIP-704), v7 KRaft flag.
 */
import { api, array, between, bool, i16, i32, i64, i8, since, str, until, uuid, ZERO_UUID, type Infer } from '../schema.ts';

export const leaderAndIsr = api({
  key: 4,
  name: 'LeaderAndIsr',
  versions: [0, 7],
  flexible: 4,
  request: {
    controllerId: i32,
    isKRaftController: since(7, bool, false),
    controllerEpoch: i32,
    brokerEpoch: since(2, i64, -1),
    type: since(5, i8, 0),
    ungroupedPartitionStates: until(
      1,
      array({
        topicName: str,
        partitionIndex: i32,
        controllerEpoch: i32,
        leader: i32,
        leaderEpoch: i32,
        isr: array(i32),
        partitionEpoch: i32,
        replicas: array(i32),
        isNew: between(1, 1, bool, false),
      }),
      [],
    ),
    topicStates: since(
      2,
      array({
        topicName: str,
        topicId: since(5, uuid, ZERO_UUID),
        partitionStates: array({
          partitionIndex: i32,
          controllerEpoch: i32,
          leader: i32,
          leaderEpoch: i32,
          isr: array(i32),
          partitionEpoch: i32,
          replicas: array(i32),
          addingReplicas: since(3, array(i32), []),
          removingReplicas: since(3, array(i32), []),
          isNew: bool,
          leaderRecoveryState: since(6, i8, 0),
        }),
      }),
      [],
    ),
    liveLeaders: array({ brokerId: i32, hostName: str, port: i32 }),
  },
  response: {
    errorCode: i16,
    partitionErrors: until(4, array({ topicName: str, partitionIndex: i32, errorCode: i16 }), []),
    topics: since(
      5,
      array({
        topicId: uuid,
        partitionErrors: array({ partitionIndex: i32, errorCode: i16 }),
      }),
      [],
    ),
  },
});
export type LeaderAndIsrRequest = Infer<typeof leaderAndIsr.request>;
export type LeaderAndIsrResponse = Infer<typeof leaderAndIsr.response>;
