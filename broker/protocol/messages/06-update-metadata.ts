/**
 * UpdateMetadata: the controller tells brokers what to answer to Metadata. v1 endpoints, v2 racks, v3 listener names, v4
 * offline replicas, v5 partitions by topic and broker epoch, v6 flexible, v7 topic ids, v8 KRaft flag. `zkVersion` is the
 * partition epoch.
 */
import {
  api,
  array,
  between,
  bool,
  i16,
  i32,
  i64,
  nullable,
  since,
  str,
  until,
  uuid,
  ZERO_UUID,
  type Infer,
} from '../schema.ts';

export const updateMetadata = api({
  key: 6,
  name: 'UpdateMetadata',
  versions: [0, 8],
  flexible: 6,
  request: {
    controllerId: i32,
    isKRaftController: since(8, bool, false),
    controllerEpoch: i32,
    brokerEpoch: since(5, i64, -1),
    ungroupedPartitionStates: until(
      4,
      array({
        topicName: str,
        partitionIndex: i32,
        controllerEpoch: i32,
        leader: i32,
        leaderEpoch: i32,
        isr: array(i32),
        zkVersion: i32,
        replicas: array(i32),
        offlineReplicas: between(4, 4, array(i32), []),
      }),
      [],
    ),
    topicStates: since(
      5,
      array({
        topicName: str,
        topicId: since(7, uuid, ZERO_UUID),
        partitionStates: array({
          partitionIndex: i32,
          controllerEpoch: i32,
          leader: i32,
          leaderEpoch: i32,
          isr: array(i32),
          zkVersion: i32,
          replicas: array(i32),
          offlineReplicas: array(i32),
        }),
      }),
      [],
    ),
    liveBrokers: array({
      id: i32,
      v0Host: until(0, str, ''),
      v0Port: until(0, i32, 0),
      endpoints: since(
        1,
        array({
          port: i32,
          host: str,
          listener: since(3, str, ''),
          securityProtocol: i16,
        }),
        [],
      ),
      rack: since(2, nullable(str), ''),
    }),
  },
  response: { errorCode: i16 },
});
export type UpdateMetadataRequest = Infer<typeof updateMetadata.request>;
export type UpdateMetadataResponse = Infer<typeof updateMetadata.response>;
