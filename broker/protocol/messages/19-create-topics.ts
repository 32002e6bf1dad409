/**
 * CreateTopics. v1 dry run and messages, v2 throttle time, v4 defaults for partitions and replicas (KIP-464), v5 flexible
 * and tells the settings of what was created (KIP-525), v6 quotas answer an error (KIP-599), v7 topic ids.
 */
import {
  api,
  array,
  bool,
  defaulted,
  i16,
  i32,
  i8,
  nullable,
  since,
  str,
  tagged,
  uuid,
  ZERO_UUID,
  type Infer,
} from '../schema.ts';

export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 7],
  flexible: 5,
  request: {
    topics: array({
      name: str,
      numPartitions: i32,
      replicationFactor: i16,
      assignments: array({ partitionIndex: i32, brokerIds: array(i32) }),
      configs: array({ name: str, value: nullable(str) }),
    }),
    timeoutMs: defaulted(i32, 60000),
    validateOnly: since(1, bool, false),
  },
  response: {
    throttleTimeMs: since(2, i32, 0),
    topics: array({
      name: str,
      topicId: since(7, uuid, ZERO_UUID),
      errorCode: i16,
      errorMessage: since(1, nullable(str), ''),
      topicConfigErrorCode: tagged(0, 5, i16),
      numPartitions: since(5, i32, -1),
      replicationFactor: since(5, i16, -1),
      configs: since(
        5,
        nullable(
          array({
            name: str,
            value: nullable(str),
            readOnly: bool,
            configSource: defaulted(i8, -1),
            isSensitive: bool,
          }),
        ),
        [],
      ),
    }),
  },
});
export type CreateTopicsRequest = Infer<typeof createTopics.request>;
export type CreateTopicsResponse = Infer<typeof createTopics.response>;
