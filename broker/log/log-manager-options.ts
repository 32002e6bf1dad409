/** What a broker tells its `LogManager`, and what it hears from it. */
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { CleanerExecutor } from './cleaner-thread.ts';
import type { FileSystem } from './file.ts';
import type { CleanerConfig } from './log-cleaner.ts';
import type { LogConfig } from './log-config.ts';
import { LogStartError } from './log-dir.ts';
import type { UpkeepIntervals } from './log-upkeep.ts';
import type { Scheduler } from './scheduler.ts';
import type { TailLimits } from './tail-pages.ts';

export interface LogManagerOptions extends UpkeepIntervals {
  readonly dirs: readonly string[];
  readonly brokerId: number;
  readonly clusterId: string;
  /** Configs of topics that have none of their own. */
  readonly defaults: LogConfig;
  /** The config of a topic whose logs are found on the disk; by default `defaults`. */
  readonly configOf?: (topic: string) => LogConfig;
  readonly fileSystem?: FileSystem;
  readonly clock?: Clock;
  readonly scheduler?: Scheduler;
  readonly logger?: Logger;
  readonly random?: () => number;
  readonly tailLimits?: TailLimits;
  readonly openFilesMax?: number;
  readonly recoveryThreadsPerDataDir?: number;
  readonly producerIdExpirationMs?: number;
  /** `replica.alter.log.dirs.io.max.bytes.per.second`, which may change at run time. */
  readonly moveBytesPerSecondMax?: () => number;
  readonly cleaner?: CleanerConfig;
  /** Where compactions run; in a worker thread by default, which works on the real disk only. */
  readonly makeCleanerExecutor?: () => CleanerExecutor;
}

export interface HighWatermark {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
}

export interface DirFailure {
  readonly logDir: string;
  readonly error: Error;
  /** Names (`topic-partition`) of the logs that were in it. */
  readonly partitions: readonly string[];
  /** False: no directory is left, and the broker has to stop. */
  readonly othersLeft: boolean;
}

/** The refusal of a partition that is in two directories. */
export function duplicateDirectories(name: string, one: string, other: string): LogStartError {
  return new LogStartError(
    'java.lang.IllegalStateException',
    `Duplicate log directories for ${name} are found in both ${path.join(one, name)} and ${path.join(other, name)}. It is likely ` +
      'because log directory failure happened while broker was replacing current replica with future replica. Recover broker from this ' +
      'failure by manually deleting one of the two directories for this partition. It is recommended to delete the partition in the ' +
      'log directory that is known to have failed recently.',
  );
}
