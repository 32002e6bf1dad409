/**
 * A partition that this broker follows in one leader epoch: the decisions of `partition-follower.ts`, taken on the real log.
 * The fetcher asks for the position, brings the leader's answers, and hears when it may fetch again. A new epoch, or the end
 * of the replica, is a new object: answers meant for an old one change nothing.
 */
import { baseOffsetOf, BATCH_HEADER_SIZE, lastOffsetOf } from '../records/record-batch.ts';
import { type FetchAnswer, type FetchPosition, type FollowerStep, PartitionFollower } from './partition-follower.ts';
import type { ReplicaLog } from './replica-log.ts';

/** What a follower tells its partition. */
export interface FollowerHost {
  readonly topic: string;
  readonly index: number;
  /** Batches that end at `endOffset` came in. */
  replicated(endOffset: number, size: number): void;
  /** The high watermark moved. */
  followerAdvanced(): void;
  /** The log was cut. */
  followerTruncated(): void;
}

/** The ends of the leader's log. */
export interface LeaderRange {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

/** Whether the partition may be fetched again at once; else why not. */
export type Progress = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const GOING: Progress = { ok: true };

export class FollowerReplica {
  readonly leaderId: number;
  readonly topicId: string;
  private readonly core: PartitionFollower;
  private readonly log: ReplicaLog;
  private readonly host: FollowerHost;
  private ended = false;
  /** Cuts of the log under way: a new role waits for them. */
  private cutting: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly leaderId: number;
    readonly leaderEpoch: number;
    readonly highWatermark: number;
    readonly log: ReplicaLog;
    readonly host: FollowerHost;
  }) {
    this.leaderId = options.leaderId;
    this.log = options.log;
    this.host = options.host;
    this.topicId = options.log.topicId;
    this.core = new PartitionFollower(options);
  }

  get topic(): string {
    return this.host.topic;
  }

  get index(): number {
    return this.host.index;
  }

  get leaderEpoch(): number {
    return this.core.leaderEpoch;
  }

  get highWatermark(): number {
    return this.core.highWatermark;
  }

  /** True once the partition has another role, or none. */
  get isOver(): boolean {
    return this.ended;
  }

  /** Ends the following. The promise is for a cut of the log that is under way. */
  end(): Promise<unknown> {
    this.ended = true;
    return this.cutting;
  }

  /** Waits for what was appended as a leader, and cuts what cannot be compared. Before the first `position`. */
  async begin(): Promise<void> {
    await this.log.settled();
    const step = this.ended ? null : this.core.firstStep(this.log);
    if (step !== null) await this.cut(step);
  }

  position(): FetchPosition {
    return this.core.position(this.log);
  }

  /** Takes the leader's answer. What it brought is in the file when this returns, or resolves. */
  take(answer: FetchAnswer, nowMs: number, leaderRange: () => Promise<LeaderRange>): Progress | Promise<Progress> {
    if (this.ended) return GOING;
    const step = this.core.judge(answer, this.log);
    switch (step.kind) {
      case 'append':
        return this.append(answer, nowMs);
      case 'askForRange':
        return this.findPlace(leaderRange);
      case 'truncate':
      case 'restart':
        return this.cut(step).then(() => GOING);
      case 'backOff':
        return { ok: false, reason: step.reason };
    }
  }

  private append(answer: FetchAnswer, nowMs: number): Progress | Promise<Progress> {
    const { records } = answer;
    if (records === null || records.length < BATCH_HEADER_SIZE) {
      this.advance(answer);
      return GOING;
    }
    const { log } = this;
    // An empty log that begins within a batch takes it whole; its start says what is not to be read.
    const isEmpty = log.logStartOffset === log.logEndOffset;
    if (isEmpty && baseOffsetOf(records, 0) < log.logEndOffset && lastOffsetOf(records, 0) >= log.logEndOffset) {
      return this.cut({ kind: 'restart', offset: baseOffsetOf(records, 0) }).then(() =>
        this.ended ? GOING : this.appendWhole(answer, records, nowMs),
      );
    }
    return this.appendWhole(answer, records, nowMs);
  }

  private appendWhole(answer: FetchAnswer, records: Buffer, nowMs: number): Progress | Promise<Progress> {
    const outcome = this.log.append(records, { origin: 'replication', leaderEpoch: this.leaderEpoch, nowMs });
    if (!outcome.ok) return { ok: false, reason: outcome.message };
    this.host.replicated(outcome.lastOffset + 1, records.length);
    return outcome.written.then(() => {
      if (!this.ended) this.advance(answer);
      return GOING;
    });
  }

  /** Our log has what the answer brought: offsets move on. */
  private advance(answer: FetchAnswer): void {
    const moved = this.core.advance(answer, this.log);
    const logStartOffset = this.core.logStartAfter(answer, this.log);
    if (logStartOffset !== null) this.log.advanceLogStart(logStartOffset);
    if (moved) this.host.followerAdvanced();
  }

  private async findPlace(leaderRange: () => Promise<LeaderRange>): Promise<Progress> {
    const { logStartOffset, logEndOffset } = await leaderRange();
    if (this.ended) return GOING;
    const step = this.core.locate(logStartOffset, logEndOffset, this.log);
    if (step === null) return { ok: false, reason: `offset ${this.log.logEndOffset} is out of the leader's range` };
    await this.cut(step);
    return GOING;
  }

  private cut(step: FollowerStep): Promise<void> {
    const cutting = this.carryOut(step);
    // Whoever asked for the cut hears of its failure; a new role only has to wait for its end.
    this.cutting = cutting.catch(() => undefined);
    return cutting;
  }

  private async carryOut(step: FollowerStep): Promise<void> {
    const { log, core } = this;
    if (step.kind === 'truncate') {
      await log.truncateTo(step.offset);
      core.truncated(log.logEndOffset);
    } else if (step.kind === 'restart') {
      await log.restartAt(step.offset);
      core.restarted(log.logEndOffset);
    }
    this.host.followerTruncated();
  }
}
