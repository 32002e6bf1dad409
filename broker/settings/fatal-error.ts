/**
 * A reason not to start, in the original's terms: the class name and message that Kafka logs before it exits with status 1.
 */
export class FatalError extends Error {
  /** The original's exception class, e.g. `kafka.common.InconsistentClusterIdException`. */
  readonly className: string;
  constructor(className: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.className = className;
  }
}

/** Kafka's `require(condition, …)` of a configuration. */
export function requirement(condition: boolean, message: string): void {
  if (!condition) throw new FatalError('java.lang.IllegalArgumentException', `requirement failed: ${message}`);
}

/** `<class>: <message>` as a log line shows it; what is not a known refusal keeps its stack. */
export function describeFatal(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\nCaused by: ${describeFatal(error.cause)}`;
  // Other rooms have such errors of their own.
  if ('className' in error && typeof error.className === 'string') return `${error.className}: ${error.message}${cause}`;
  if (error.name === 'ConfigException') return `org.apache.kafka.common.config.ConfigException: ${error.message}${cause}`;
  return `${error.stack ?? `${error.name}: ${error.message}`}${cause}`;
}
