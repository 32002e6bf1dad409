/** Failures as the Java tools would name them: what stands in front of the message in their output. */
import { ConnectionError, KafkaError, TimeoutError, WaitTimeoutError } from '../client/errors.ts';
import { OptionError } from './options.ts';

/** A refusal that a Java tool expresses by an exception of its own. */
export class JavaError extends Error {
  override readonly name = 'JavaError';
  readonly exception: string;
  constructor(exception: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exception = exception;
  }
}

export function illegalArgument(message: string, options?: ErrorOptions): JavaError {
  return new JavaError('java.lang.IllegalArgumentException', message, options);
}

/** `exception: message` of any failure. */
export function describeFailure(error: unknown): string {
  if (error instanceof KafkaError) return error.asJava;
  if (error instanceof WaitTimeoutError) return 'java.util.concurrent.TimeoutException';
  if (error instanceof TimeoutError) return `org.apache.kafka.common.errors.TimeoutException: ${error.message}`;
  if (error instanceof OptionError || error instanceof JavaError) return `${error.exception}: ${error.message}`;
  if (error instanceof ConnectionError) {
    const exception = error.code === 'UNSUPPORTED_VERSION' ? 'UnsupportedVersionException' : 'DisconnectException';
    return `org.apache.kafka.common.errors.${exception}: ${error.message}`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
