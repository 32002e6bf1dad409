/**
 * ControlledShutdown: a broker asks the controller to move its leaders away. v0 has a request header without client id,
 * v1 has the usual one, v2 broker epoch, v3 flexible.
 */
import { api, array, i16, i32, i64, since, str, type Infer } from '../schema.ts';

export const controlledShutdown = api({
  key: 7,
  name: 'ControlledShutdown',
  versions: [0, 3],
  flexible: 3,
  request: { brokerId: i32, brokerEpoch: since(2, i64, -1) },
  response: {
    errorCode: i16,
    remainingPartitions: array({ topicName: str, partitionIndex: i32 }),
  },
});
export type ControlledShutdownRequest = Infer<typeof controlledShutdown.request>;
export type ControlledShutdownResponse = Infer<typeof controlledShutdown.response>;
