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
  logs: Pick<LogManager, 'allLogs' | 'liveDirs' | 'offlineDirs' | 'futureReplicas'>,
): Handler<DescribeLogDirsRequest, DescribeLogDirsResponse> {
  return {
    api: describeLogDirs,
    async handle({ topics }) {
      const live = await Promise.all(
        logs.liveDirs.map(async (logDir) => ({
          errorCode: ErrorCode.NONE,
          logDir,
          topics: topicsIn(logs, logDir, topics),
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
function topicsIn(
  { allLogs, futureReplicas }: Pick<LogManager, 'allLogs' | 'futureReplicas'>,
  logDir: string,
  wanted: DescribeLogDirsRequest['topics'],
): Topic[] {
  const found = new Map<string, Topic>();
  const isWanted = (name: string, partition: number): boolean =>
    wanted === null || wanted.some((entry) => entry.topic === name && entry.partitions.includes(partition));
  const topicNamed = (name: string): Topic => {
    const topic = found.get(name) ?? { name, partitions: [] };
    found.set(name, topic);
    return topic;
  };
  for (const log of allLogs) {
    if (log.logDir !== logDir || !isWanted(log.topic, log.partition)) continue;
    // What is in place lags behind nothing: only a replica that moves between directories does.
    topicNamed(log.topic).partitions.push({ partitionIndex: log.partition, partitionSize: log.size, offsetLag: 0, isFutureKey: false });
  }
  for (const { topic, partition, logDir: target, size, offsetLag } of futureReplicas) {
    if (target !== logDir || !isWanted(topic, partition)) continue;
    topicNamed(topic).partitions.push({ partitionIndex: partition, partitionSize: size, offsetLag, isFutureKey: true });
  }
  return [...found.values()];
}

async function volumeOf(logDir: string): Promise<{ totalBytes: number; usableBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(logDir);
  return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
}
