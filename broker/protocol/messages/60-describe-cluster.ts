/**
 * DescribeCluster: cluster id, controller, brokers (KIP-700).
 */
import { api, array, bool, defaulted, i16, i32, nullable, str, type Infer } from '../schema.ts';

export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 0],
  flexible: 0,
  request: { includeClusterAuthorizedOperations: bool },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: defaulted(nullable(str), null),
    clusterId: str,
    controllerId: defaulted(i32, -1),
    brokers: array({
      brokerId: i32,
      host: str,
      port: i32,
      rack: defaulted(nullable(str), null),
    }),
    clusterAuthorizedOperations: defaulted(i32, -2_147_483_648),
  },
});
export type DescribeClusterRequest = Infer<typeof describeCluster.request>;
export type DescribeClusterResponse = Infer<typeof describeCluster.response>;
