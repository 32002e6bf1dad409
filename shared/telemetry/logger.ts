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
function formatLogDate(date: Date): string {
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

const RANKS: Readonly<Record<LogLevel, number>> = { silent: -1, error: 0, warn: 1, info: 2, debug: 3 };

let root: winston.Logger | null = null;
let rootLevel: LogLevel | null = null;
/** Loggers by name, with levels of their own where they have one. */
const ownLevels = new Map<string, LogLevel | null>();

/** The process's log: one transport to standard output. What gets there was let through by `isEnabled`. */
function rootLogger(): winston.Logger {
  root ??= winston.createLogger({
    level: 'debug',
    format: log4jLine,
    transports: [new winston.transports.Stream({ stream: process.stdout })],
  });
  return root;
}

/** `VIVARIUM_LOG_LEVEL` (error, warn, info, debug, silent) sets the level at the start. */
function levelOfAll(): LogLevel {
  const asked = process.env['VIVARIUM_LOG_LEVEL'] ?? 'info';
  rootLevel ??= asked in RANKS ? (asked as LogLevel) : 'info';
  return rootLevel;
}

/** Returns the level that was set before. */
export function setLogLevel(level: LogLevel): LogLevel {
  const before = levelOfAll();
  rootLevel = level;
  return before;
}

/** The level in force of each logger there is, by name, and of `root`. */
export function logLevels(): Map<string, LogLevel> {
  const levels = new Map([['root', levelOfAll()]]);
  for (const [name, own] of ownLevels) levels.set(name, own ?? levelOfAll());
  return levels;
}

/** Gives a logger that there is a level of its own, or (null) that of all others again. */
export function setLoggerLevel(name: string, level: LogLevel | null): void {
  if (name === 'root') rootLevel = level ?? levelOfAll();
  else ownLevels.set(name, level);
}

function isEnabled(name: string, level: LogLevel): boolean {
  const ceiling = levelOfAll();
  if (ceiling === 'silent') return false;
  return RANKS[level] <= RANKS[ownLevels.get(name) ?? ceiling];
}

/** A logger under the original's class name, e.g. `kafka.server.KafkaServer`. `prefix` stands before each message. */
export function createLogger(name: string, prefix = ''): Logger {
  if (!ownLevels.has(name)) ownLevels.set(name, null);
  const write = (level: LogLevel, message: string, fields?: LogFields): void => {
    if (isEnabled(name, level)) rootLogger().log({ level, message: prefix + message, logger: name, ...fields });
  };
  return {
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    debug: (message, fields) => write('debug', message, fields),
  };
}
