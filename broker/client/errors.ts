/** What can go wrong between our clients and a cluster. */
import { errorMessage, exceptionName } from '../protocol/error-codes.ts';

/**
 * The connection broke, could not be made, or did not answer in time. Requests on it may or may not have been carried out.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: 'REFUSED' | 'CLOSED' | 'TIMED_OUT' | 'PROTOCOL' | 'UNSUPPORTED_VERSION';
  constructor(code: ConnectionError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A broker refused with a Kafka error code. The message is the broker's own, or Kafka's sentence for the code. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  readonly code: number;
  constructor(code: number, message?: string | null) {
    super(message ?? errorMessage(code));
    this.code = code;
  }
  /** `org.apache.kafka.common.errors.X: sentence`, as Java tools print it. */
  get asJava(): string {
    return `${exceptionName(this.code)}: ${this.message}`;
  }
}

/** Nothing of the cluster could be reached, or what was asked for did not come about, within the time allowed. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** Whoever asked waits no longer, though the call would go on. */
export class WaitTimeoutError extends TimeoutError {}
