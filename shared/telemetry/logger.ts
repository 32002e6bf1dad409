/**
 * Structured logs (winston), printed as Kafka's and ZooKeeper's log4j configuration prints them, because tools wait for
 * lines such as `[KafkaServer id=0] started (kafka.server.KafkaServer)`:
 *
 *     [2026-11-22 11:07:01,123] INFO text (logger)
 *
 * An `Error` passed as `{ error }` follows on its own lines, with its causes.
 */
import winston from 'winston';

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export interface LogFields {
  error?: unknown;
  [key: string]: unknown;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'silent';

const two = (n: number): string => String(n).padStart(2, '0');

/** `2026-11-22 11:07:01,123` in local time, as log4j's ISO8601 date. */
export function formatLogDate(date: Date): string {
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())},${String(date.getMilliseconds()).padStart(3, '0')}`
  );
}

function formatError(error: unknown): string {
  if (!(error instanceof Error)) return `\n${String(error)}`;
  const cause = error.cause === undefined ? '' : `\nCaused by:${formatError(error.cause)}`;
  return `\n${error.stack ?? `${error.name}: ${error.message}`}${cause}`;
}

const log4jLine = winston.format.printf(({ level, message, logger, error }) => {
  const trace = error === undefined ? '' : formatError(error);
  return `[${formatLogDate(new Date())}] ${level.toUpperCase()} ${String(message)} (${String(logger)})${trace}`;
});

let root: winston.Logger | null = null;

/** The process's log: one transport to standard output. `VIVARIUM_LOG_LEVEL` (error, warn, info, debug, silent) sets the level. */
function rootLogger(): winston.Logger {
  if (root === null) {
    const level = process.env['VIVARIUM_LOG_LEVEL'] ?? 'info';
    root = winston.createLogger({
      level: level === 'silent' ? 'error' : level,
      silent: level === 'silent',
      format: log4jLine,
      transports: [new winston.transports.Stream({ stream: process.stdout })],
    });
  }
  return root;
}

/** Returns the level that was set before. */
export function setLogLevel(level: LogLevel): LogLevel {
  const logger = rootLogger();
  const before = logger.silent ? 'silent' : (logger.level as LogLevel);
  logger.silent = level === 'silent';
  if (level !== 'silent') logger.level = level;
  return before;
}

/** A logger under the original's class name, e.g. `kafka.server.KafkaServer`. `prefix` stands before each message. */
export function createLogger(name: string, prefix = ''): Logger {
  const write = (level: string, message: string, fields?: LogFields): void => {
    const logger = rootLogger();
    if (logger.isLevelEnabled(level)) logger.log({ level, message: prefix + message, logger: name, ...fields });
  };
  return {
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    debug: (message, fields) => write('debug', message, fields),
  };
}
