/** The broker's loggers as DescribeConfigs and IncrementalAlterConfigs know them (`kafka.utils.Log4jController`), in log4j's words. */
import type { LogLevel } from '../../shared/telemetry/logger.ts';
import { logLevels, setLoggerLevel } from '../../shared/telemetry/logger.ts';

/** log4j's finer and coarser levels come to the nearest that there is. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['TRACE', 'debug'],
  ['ERROR', 'error'],
  ['INFO', 'info'],
  ['FATAL', 'error'],
  ['DEBUG', 'debug'],
  ['WARN', 'warn'],
]);

/** Level by logger, e.g. `kafka.server.KafkaServer` → `INFO`. */
export function loggers(): Map<string, string> {
  return new Map([...logLevels()].map(([name, level]) => [name, level === 'silent' ? 'OFF' : level.toUpperCase()]));
}

export function isLogLevel(level: string): boolean {
  return LEVELS.has(level);
}

export const LOG_LEVEL_NAMES = [...LEVELS.keys()];

/** Null: as the root logger. */
export function setLevel(logger: string, level: string | null): void {
  setLoggerLevel(logger, level === null ? null : LEVELS.get(level)!);
}
