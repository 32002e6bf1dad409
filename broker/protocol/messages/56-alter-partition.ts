/**
 * AlterPartition: a leader asks the controller to change an ISR (KIP-497). v1 leader recovery (KIP-704), v2 topic ids.
 */
import { api, array, defaulted, i16, i32, i64, i8, since, str, until, uuid, ZERO_UUID, type Infer } from '../schema.ts';

export const alterPartition = api({
  key: 56,
  name: 'AlterPartition',
  versions: [0, 2],
  flexible: 0,
  request: {
    brokerId: i32,
    brokerEpoch: defaulted(i64, -1),
    topics: array({
      topicName: until(1, str, ''),
      topicId: since(2, uuid, ZERO_UUID),
      partitions: array({
        partitionIndex: i32,
        leaderEpoch: i32,
        newIsr: array(i32),
        leaderRecoveryState: since(1, i8, 0),
        partitionEpoch: i32,
      }),
    }),
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    topics: array({
      topicName: until(1, str, ''),
      topicId: since(2, uuid, ZERO_UUID),
      partitions: array({
        partitionIndex: i32,
        errorCode: i16,
        leaderId: i32,
        leaderEpoch: i32,
        isr: array(i32),
        leaderRecoveryState: since(1, i8, 0),
        partitionEpoch: i32,
      }),
    }),
  },
});
export type AlterPartitionRequest = Infer<typeof alterPartition.request>;
export type AlterPartitionResponse = Infer<typeof alterPartition.response>;
