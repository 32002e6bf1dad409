/**
 * ElectLeaders: elects preferred or, since v1 (KIP-460), unclean leaders. v2 flexible.
 */
import { api, array, defaulted, i16, i32, i8, nullable, since, str, type Infer } from '../schema.ts';

export const electLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexible: 2,
  request: {
    electionType: since(1, i8, 0),
    topicPartitions: nullable(array({ topic: str, partitions: array(i32) })),
    timeoutMs: defaulted(i32, 60000),
  },
  response: {
    throttleTimeMs: i32,
    errorCode: since(1, i16, 0),
    replicaElectionResults: array({
      topic: str,
      partitionResult: array({ partitionId: i32, errorCode: i16, errorMessage: nullable(str) }),
    }),
  },
});
export type ElectLeadersRequest = Infer<typeof electLeaders.request>;
export type ElectLeadersResponse = Infer<typeof electLeaders.response>;
