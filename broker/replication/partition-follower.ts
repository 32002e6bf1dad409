/**
 * What the follower of a partition knows and decides: where to fetch from, what an answer of the leader means for its log,
 * and how far its high watermark and log start have come. Pure: answers and positions come in, steps go out;
 * `follower-replica.ts` takes the steps on the real log.
 *
 * A follower finds out by fetching whether its log is a prefix of the leader's (KIP-595): each fetch says which epoch the
 * last record is of, and a leader whose history is another answers with the end of the largest epoch that both may have. The
 * follower cuts its log there and asks again, until the histories agree:
 *
 *     leader     | e1 e1 e1 | e3 e3 |            fetch at 5, last epoch 2  →  diverging: epoch 1 ends at 3
 *     follower   | e1 e1 e1 | e2 e2 |            truncate to 3, fetch at 3, last epoch 1  →  records of e3
 *
 * The high watermark is the leader's as far as our log reaches. It never goes back, unless the log itself is cut below it,
 * which only an unclean election can cause.
 */
import type { EpochEnd } from '../log/leader-epochs.ts';
import { ErrorCode, errorName } from '../protocol/error-codes.ts';

/** Our log, as far as decisions need it. All of it is written: nothing is on its way to the file. */
export interface FollowedLog {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly leaderEpochs: {
    readonly latest: number;
    endOffsetFor(leaderEpoch: number, logEndOffset: number): EpochEnd;
  };
}

/** What a fetch says about the partition. */
export interface FetchPosition {
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  /** Epoch of the last record; -1 when there is none that we know of. */
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: number;
}

/** The leader's answer for the partition. */
export interface FetchAnswer {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number };
  readonly records: Buffer | null;
}

/** What is to be done with our log before the next fetch. */
export type FollowerStep =
  /** Take the records (there may be none) and what the answer says of the leader's offsets. */
  | { readonly kind: 'append' }
  | { readonly kind: 'truncate'; readonly offset: number }
  /** Drop everything and begin anew at `offset`: the leader has nothing older. */
  | { readonly kind: 'restart'; readonly offset: number }
  /** We asked for what the leader does not have: its log's ends have to be asked for, then `locate` says what to do. */
  | { readonly kind: 'askForRange' }
  /** Nothing can be fetched now; the next try is later. */
  | { readonly kind: 'backOff'; readonly reason: string };

const APPEND: FollowerStep = { kind: 'append' };
const ASK_FOR_RANGE: FollowerStep = { kind: 'askForRange' };

export class PartitionFollower {
  readonly leaderEpoch: number;
  private watermark: number;

  constructor(options: { readonly leaderEpoch: number; readonly highWatermark: number }) {
    this.leaderEpoch = options.leaderEpoch;
    this.watermark = options.highWatermark;
  }

  get highWatermark(): number {
    return this.watermark;
  }

  /**
   * The step before the first fetch, or null. Records that no epoch is known of (written before 0.11) can't be compared, so
   * only those below the high watermark are surely the leader's too.
   */
  firstStep(log: FollowedLog): FollowerStep | null {
    if (log.leaderEpochs.latest >= 0 || log.logEndOffset <= this.watermark) return null;
    return { kind: 'truncate', offset: this.watermark };
  }

  position(log: FollowedLog): FetchPosition {
    return {
      currentLeaderEpoch: this.leaderEpoch,
      fetchOffset: log.logEndOffset,
      lastFetchedEpoch: log.leaderEpochs.latest,
      logStartOffset: log.logStartOffset,
    };
  }

  /** What an answer to a fetch from `position(log)` means. */
  judge(answer: FetchAnswer, log: FollowedLog): FollowerStep {
    switch (answer.errorCode) {
      case ErrorCode.NONE: {
        const { epoch, endOffset } = answer.divergingEpoch;
        return epoch < 0
          ? APPEND
          : { kind: 'truncate', offset: this.truncationOffset({ leaderEpoch: epoch, endOffset }, log) };
      }
      case ErrorCode.OFFSET_OUT_OF_RANGE:
        return ASK_FOR_RANGE;
      default:
        // Most are of the moment: the leader has not heard of its leadership yet, or we not of the next one.
        return { kind: 'backOff', reason: errorName(answer.errorCode) };
    }
  }

  /**
   * Where our log has to end so that it may be a prefix of the leader's, in which `end.leaderEpoch` ends at `end.endOffset`.
   */
  private truncationOffset(end: EpochEnd, log: FollowedLog): number {
    const { logEndOffset } = log;
    if (end.endOffset < 0) return Math.min(this.watermark, logEndOffset);
    const own = log.leaderEpochs.endOffsetFor(end.leaderEpoch, logEndOffset);
    if (own.leaderEpoch < 0) return Math.min(end.endOffset, logEndOffset);
    // Without that epoch in our history the next older one has to be compared, by the next fetch.
    if (own.leaderEpoch !== end.leaderEpoch) return Math.min(own.endOffset, logEndOffset);
    return Math.min(own.endOffset, end.endOffset, logEndOffset);
  }

  /** What to do when the leader's log runs from `leaderStart` to `leaderEnd`, and it refused our offset; null: try again. */
  locate(leaderStart: number, leaderEnd: number, log: FollowedLog): FollowerStep | null {
    // We have more than the leader: it was elected though it lacked records (unclean), so ours were never to be.
    if (leaderEnd < log.logEndOffset) return { kind: 'truncate', offset: leaderEnd };
    // All that we have was deleted by the leader's retention.
    if (leaderStart > log.logEndOffset) return { kind: 'restart', offset: leaderStart };
    return null;
  }

  /** The log was cut: it ends at `logEndOffset` now. */
  truncated(logEndOffset: number): void {
    this.watermark = Math.min(this.watermark, logEndOffset);
  }

  /** The log begins anew at `offset`: all before is gone, which is below the leader's high watermark. */
  restarted(offset: number): void {
    this.watermark = offset;
  }

  /** The records of `answer` are in our log. Returns whether the high watermark moved. */
  advance(answer: FetchAnswer, log: FollowedLog): boolean {
    const highWatermark = Math.min(answer.highWatermark, log.logEndOffset);
    if (highWatermark <= this.watermark) return false;
    this.watermark = highWatermark;
    return true;
  }

  /**
   * Where our log is to start after `advance`, or null to leave it: the leader's start, but never above the high watermark.
   */
  logStartAfter(answer: FetchAnswer, log: FollowedLog): number | null {
    const logStartOffset = Math.min(answer.logStartOffset, this.watermark);
    return logStartOffset > log.logStartOffset ? logStartOffset : null;
  }
}
