/**
 * Produce: appends record batches to partitions. With acks 0 nothing answers. v1 throttle time, v2 append time in the
 * answer (batches of magic 1), v3 batches of magic 2 and transactional ids, v5 log start offset, v7 allows zstd, v8 tells
 * which records were refused (KIP-467), v9 flexible.
 */
import { api, array, defaulted, i16, i32, i64, nullable, records, since, str, type Infer } from '../schema.ts';

export const produce = api({
  key: 0,
  name: 'Produce',
  versions: [0, 9],
  flexible: 9,
  request: {
    transactionalId: since(3, nullable(str), null),
    acks: i16,
    timeoutMs: i32,
    topicData: array({
      name: str,
      partitionData: array({ index: i32, records: nullable(records) }),
    }),
  },
  response: {
    responses: array({
      name: str,
      partitionResponses: array({
        index: i32,
        errorCode: i16,
        baseOffset: i64,
        logAppendTimeMs: since(2, i64, -1),
        logStartOffset: since(5, i64, -1),
        recordErrors: since(
          8,
          array({
            batchIndex: i32,
            batchIndexErrorMessage: defaulted(nullable(str), null),
          }),
          [],
        ),
        errorMessage: since(8, nullable(str), null),
      }),
    }),
    throttleTimeMs: since(1, i32, 0),
  },
});
export type ProduceRequest = Infer<typeof produce.request>;
export type ProduceResponse = Infer<typeof produce.response>;
