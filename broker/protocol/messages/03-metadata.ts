/**
 * Metadata: brokers, controller, topics with their partitions' leaders and replicas. v1 controller, racks and null for all
 * topics, v2 cluster id, v4 may forbid auto-creation, v5 offline replicas, v7 leader epochs, v8 authorized operations
 * (KIP-430), v9 flexible, v10 topic ids, v11 drops the cluster's operations, v12 asks by topic id.
 */
import { api, array, between, bool, i16, i32, nullable, since, str, uuid, ZERO_UUID, type Infer } from '../schema.ts';

export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 12],
  flexible: 9,
  request: {
    topics: nullable(array({ topicId: since(10, uuid, ZERO_UUID), name: nullable(str, 10) }), 1),
    allowAutoTopicCreation: since(4, bool, true),
    includeClusterAuthorizedOperations: between(8, 10, bool, false),
    includeTopicAuthorizedOperations: since(8, bool, false),
  },
  response: {
    throttleTimeMs: since(3, i32, 0),
    brokers: array({
      nodeId: i32,
      host: str,
      port: i32,
      rack: since(1, nullable(str), null),
    }),
    clusterId: since(2, nullable(str), null),
    controllerId: since(1, i32, -1),
    topics: array({
      errorCode: i16,
      name: nullable(str, 12),
      topicId: since(10, uuid, ZERO_UUID),
      isInternal: since(1, bool, false),
      partitions: array({
        errorCode: i16,
        partitionIndex: i32,
        leaderId: i32,
        leaderEpoch: since(7, i32, -1),
        replicaNodes: array(i32),
        isrNodes: array(i32),
        offlineReplicas: since(5, array(i32), []),
      }),
      topicAuthorizedOperations: since(8, i32, -2_147_483_648),
    }),
    clusterAuthorizedOperations: between(8, 10, i32, -2_147_483_648),
  },
});
export type MetadataRequest = Infer<typeof metadata.request>;
export type MetadataResponse = Infer<typeof metadata.response>;
