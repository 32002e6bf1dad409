/** What the log manager is told of a broker's settings. */
import { systemScheduler } from '../log/scheduler.ts';
import type { CleanerConfig } from '../log/log-cleaner.ts';
import type { LogManagerOptions } from '../log/log-manager.ts';
import type { BrokerSettings } from '../settings/settings.ts';

type FromSettings = Omit<LogManagerOptions, 'brokerId' | 'clusterId' | 'defaults' | 'configOf' | 'clock'>;

export function logManagerOptions(settings: BrokerSettings): FromSettings {
  return {
    dirs: settings.logDirList,
    scheduler: systemScheduler,
    recoveryThreadsPerDataDir: settings.numRecoveryThreadsPerDataDir,
    producerIdExpirationMs: settings.producerIdExpirationMs,
    retentionCheckIntervalMs: settings.logRetentionCheckIntervalMs,
    flushCheckIntervalMs: settings.logFlushSchedulerIntervalMs,
    recoveryPointCheckpointIntervalMs: settings.logFlushOffsetCheckpointIntervalMs,
    logStartCheckpointIntervalMs: settings.logFlushStartOffsetCheckpointIntervalMs,
    cleaner: cleanerConfig(settings),
  };
}

export function cleanerConfig(settings: BrokerSettings): CleanerConfig {
  return {
    enabled: settings.logCleanerEnable,
    threads: settings.logCleanerThreads,
    dedupeBufferBytes: settings.logCleanerDedupeBufferSize,
    dedupeLoadFactor: settings.logCleanerIoBufferLoadFactor,
    ioBytesPerSecondMax: settings.logCleanerIoMaxBytesPerSecond,
    backoffMs: settings.logCleanerBackoffMs,
  };
}
