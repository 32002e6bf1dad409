/** A log directory that failed, as clients and the broker hear of it. */
import { ErrorCode } from '../protocol/error-codes.ts';

/** The disk under a log failed, now or earlier: nothing is taken or served there until the broker is started anew. */
export class StorageError extends Error {
  override readonly name = 'KafkaStorageException';
  readonly errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
  readonly logDir: string;

  constructor(logDir: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.logDir = logDir;
  }
}

/** A read that cannot be answered with records: `errorCode` says why. */
export class LogReadError extends Error {
  override readonly name = 'LogReadError';
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}
