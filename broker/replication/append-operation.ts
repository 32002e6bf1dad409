/**
 * One append request under way: a result for each of its partitions, some of which still wait for the disk (acks=1) or
 * for the replicas (acks=all). One promise and at most one timer per request, however many partitions it has.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { RecordError } from './replica-log.ts';

/** What one partition's append came to: the fields of a produce response, and the last offset. Offsets are -1 on refusal. */
export interface AppendResult {
  index: number;
  errorCode: number;
  baseOffset: number;
  lastOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
  recordErrors: readonly RecordError[];
  errorMessage: string | null;
}

const NO_RECORD_ERRORS: readonly RecordError[] = [];

export function refusedAppend(
  index: number,
  errorCode: number,
  logStartOffset = -1,
  errorMessage: string | null = null,
  recordErrors: readonly RecordError[] = NO_RECORD_ERRORS,
): AppendResult {
  return {
    index,
    errorCode,
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset,
    recordErrors,
    errorMessage,
  };
}

export function acceptedAppend(
  index: number,
  baseOffset: number,
  lastOffset: number,
  logAppendTimeMs: number,
  logStartOffset: number,
): AppendResult {
  return {
    index,
    errorCode: ErrorCode.NONE,
    baseOffset,
    lastOffset,
    logAppendTimeMs,
    logStartOffset,
    recordErrors: NO_RECORD_ERRORS,
    errorMessage: null,
  };
}

/** Whoever an append waits in: it has to let go of the slot when the request gives up. */
export interface AppendQueue {
  abandon(slot: AppendSlot): void;
}

/** A partition's place in a request that waits. */
export class AppendSlot {
  readonly operation: AppendOperation;
  readonly result: AppendResult;
  readonly queue: AppendQueue;
  done = false;

  constructor(operation: AppendOperation, result: AppendResult, queue: AppendQueue) {
    this.operation = operation;
    this.result = result;
    this.queue = queue;
  }

  /**
   * Settles the partition. An error hides nothing but the code: the batch has its offset, the producer may want to know it.
   */
  complete(errorCode: number): void {
    if (this.done) return;
    this.done = true;
    this.result.errorCode = errorCode;
    this.operation.slotDone();
  }
}

export class AppendOperation {
  readonly results: AppendResult[] = [];
  private readonly waiting: AppendSlot[] = [];
  private pendingCount = 0;
  private resolve: ((results: AppendResult[]) => void) | null = null;
  private cancelTimer: (() => void) | null = null;

  get isPending(): boolean {
    return this.pendingCount > 0;
  }

  /** `result` will be final when the returned slot is completed. */
  wait(result: AppendResult, queue: AppendQueue): AppendSlot {
    const slot = new AppendSlot(this, result, queue);
    this.waiting.push(slot);
    this.pendingCount += 1;
    return slot;
  }

  slotDone(): void {
    this.pendingCount -= 1;
    if (this.pendingCount > 0 || this.resolve === null) return;
    this.cancelTimer?.();
    this.resolve(this.results);
  }

  /** Resolves when nothing is pending any more. `cancelTimer` is called then. */
  finished(cancelTimer: (() => void) | null): Promise<AppendResult[]> {
    this.cancelTimer = cancelTimer;
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** The request's time is over: what is still pending answers REQUEST_TIMED_OUT (the records stay in the log). */
  timeOut(): void {
    for (const slot of this.waiting) {
      if (slot.done) continue;
      slot.queue.abandon(slot);
      slot.complete(ErrorCode.REQUEST_TIMED_OUT);
    }
  }
}
