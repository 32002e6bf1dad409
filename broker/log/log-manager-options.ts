/** What a broker tells its `LogManager`, and what it hears from it. */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { CleanerExecutor } from './cleaner-thread.ts';
import type { FileSystem } from './file.ts';
import type { CleanerConfig } from './log-cleaner.ts';
import type { LogConfig } from './log-config.ts';
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
