/**
 * What the group coordinator needs of `__consumer_offsets`: an append that says when the record is safe, and a read from the
 * start. `replicated-offsets-log.ts` is the real one; tests keep batches in memory.
 */
import { ErrorCode } from '../protocol/error-codes.ts';

export interface OffsetsAppendResult {
  readonly errorCode: number;
  /** Where the batch stands; -1 on refusal. */
  readonly baseOffset: number;
}

export interface OffsetsLog {
  /**
   * Appends a batch. Resolves when it is as safe as `acks` asks (-1 all in-sync replicas, 1 this one's file) or refused.
   * Appends to one partition stand in the log in the order of the calls. The batch is the log's from then on.
   */
  append(partition: number, batch: Buffer, options: { acks: number; timeoutMs: number }): Promise<OffsetsAppendResult>;
  /** Where the partition's log begins, or null when this broker doesn't lead it. */
  logStartOffset(partition: number): number | null;
  /** Whole batches from the one that contains `offset` on, a bounded amount; empty at the end of the log. */
  readFrom(partition: number, offset: number): Buffer | Promise<Buffer>;
}

/** What an append's failure means to the client of a commit. */
export function commitErrorOf(appendError: number): ErrorCode {
  switch (appendError) {
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.INVALID_COMMIT_OFFSET_SIZE;
    default:
      return coordinatorErrorOf(appendError);
  }
}

/** What it means to members that wait for their assignment. */
export function groupErrorOf(appendError: number): ErrorCode {
  switch (appendError) {
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.REBALANCE_IN_PROGRESS;
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    default:
      return coordinatorErrorOf(appendError);
  }
}

function coordinatorErrorOf(appendError: number): ErrorCode {
  switch (appendError) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    default:
      return appendError as ErrorCode;
  }
}
