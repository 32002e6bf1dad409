/**
 * DescribeLogDirs: sizes of replicas by directory. v2 flexible, v3 an error for the whole answer, v4 sizes of the volume
 * (KIP-827).
 */
import { api, array, bool, i16, i32, i64, nullable, since, str, type Infer } from '../schema.ts';

export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [0, 4],
  flexible: 2,
  request: { topics: nullable(array({ topic: str, partitions: array(i32) })) },
  response: {
    throttleTimeMs: i32,
    errorCode: since(3, i16, 0),
    results: array({
      errorCode: i16,
      logDir: str,
      topics: array({
        name: str,
        partitions: array({
          partitionIndex: i32,
          partitionSize: i64,
          offsetLag: i64,
          isFutureKey: bool,
        }),
      }),
      totalBytes: since(4, i64, -1),
      usableBytes: since(4, i64, -1),
    }),
  },
});
export type DescribeLogDirsRequest = Infer<typeof describeLogDirs.request>;
export type DescribeLogDirsResponse = Infer<typeof describeLogDirs.response>;
