/**
 * DescribeLogDirs (0–4): which partitions each log directory holds, how large they are, and how large the volume is. A
 * directory that failed is listed with an error and nothing else.
 */
import { statfs } from 'node:fs/promises';
import type { LogManager } from '../log/log-manager.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { DescribeLogDirsRequest, DescribeLogDirsResponse } from '../protocol/messages/35-describe-log-dirs.ts';
import { describeLogDirs } from '../protocol/messages/35-describe-log-dirs.ts';
import type { Handler } from '../server/handler.ts';

type Result = DescribeLogDirsResponse['results'][number];
type Topic = Result['topics'][number];

const UNKNOWN_BYTES = -1;

export function describeLogDirsHandler(
  logs: Pick<LogManager, 'allLogs' | 'liveDirs' | 'offlineDirs'>,
): Handler<DescribeLogDirsRequest, DescribeLogDirsResponse> {
  return {
    api: describeLogDirs,
    async handle({ topics }) {
      const live = await Promise.all(
        logs.liveDirs.map(async (logDir) => ({
          errorCode: ErrorCode.NONE,
          logDir,
          topics: topicsIn(logs.allLogs, logDir, topics),
          ...(await volumeOf(logDir)),
        })),
      );
      const failed = logs.offlineDirs.map((logDir) => {
        return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics: [], totalBytes: UNKNOWN_BYTES, usableBytes: UNKNOWN_BYTES };
      });
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, results: [...live, ...failed] };
    },
  };
}

/** Of the partitions asked for (null: of all) those whose log is in the directory. */
function topicsIn(allLogs: LogManager['allLogs'], logDir: string, wanted: DescribeLogDirsRequest['topics']): Topic[] {
  const found = new Map<string, Topic>();
  for (const log of allLogs) {
    if (log.logDir !== logDir) continue;
    const isWanted = wanted === null || wanted.some((entry) => entry.topic === log.topic && entry.partitions.includes(log.partition));
    if (!isWanted) continue;
    const topic = found.get(log.topic) ?? { name: log.topic, partitions: [] };
    // What is in place lags behind nothing: only a replica that moves between directories does.
    topic.partitions.push({ partitionIndex: log.partition, partitionSize: log.size, offsetLag: 0, isFutureKey: false });
    found.set(log.topic, topic);
  }
  return [...found.values()];
}

async function volumeOf(logDir: string): Promise<{ totalBytes: number; usableBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(logDir);
  return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
}
