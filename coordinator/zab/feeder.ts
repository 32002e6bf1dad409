/**
 * What a leader sends to one learner, and how far that learner is. A learner is fed from where it stands, not from a queue: from the
 * leader's memory while it keeps up, from the disk when it has fallen behind, with a snapshot when the log begins later.
 * At most a window of bytes is on the way to it, so a learner that is slow, or catches up, costs memory and links of nobody else.
 *
 *     discovery -> memory | disk | snapshot,   disk <-> memory,   snapshot -> disk | memory
 */
import { assert } from '../../shared/base/assert.ts';
import { Inflight } from './inflight.ts';
import type { MemberState } from './member-state.ts';
import type { EnsembleConfig, MessageOf } from './messages.ts';
import type { FeedWindows, LearnerMode, ProposedBatch, ServerId } from './peer-types.ts';
import type { SyncPlan } from './sync-plan.ts';
import { planFrom, planSync } from './sync-plan.ts';

/** About what a gigabit link and a disk take in a tenth of a second; a read is what a disk gives in a few ms. */
export const DEFAULT_WINDOWS: FeedWindows = { batchBytes: 8 << 20, readBytes: 1 << 20, snapshotBytes: 4 << 20 };
/** What a batch costs besides its body. */
const BATCH_OVERHEAD_BYTES = 64;

/** How far a learner has come. */
export type Stage =
  /** FOLLOWERINFO came. */
  | 'INFO'
  /** LEADERINFO was sent. */
  | 'EPOCH_SENT'
  /** It has accepted the epoch. */
  | 'EPOCH_ACKED'
  /** DIFF, TRUNC or SNAP is being worked out or was sent; history follows. */
  | 'SYNCING'
  | 'NEWLEADER_SENT'
  /** It has the history and is in this epoch: its acknowledgements count. */
  | 'ACKED'
  /** UPTODATE was sent. */
  | 'SYNCED';

/** What feeders of one leader share. */
export interface FeedSource {
  readonly state: MemberState;
  readonly epoch: number;
  /** The ensembles proposed in this epoch, by the zxid of their txn: they travel with it. */
  readonly configs: ReadonlyMap<number, EnsembleConfig>;
  nextReadId(to: ServerId): number;
  refuse(id: ServerId, reason: string): void;
}

export class Feeder {
  readonly id: ServerId;
  readonly info: MessageOf<'FOLLOWERINFO'>;
  stage: Stage = 'INFO';
  /** It had accepted this epoch before: see `Learner`. */
  repeated = false;
  lastHeardMs: number;
  mode: LearnerMode = 'discovery';
  /** It was told where its history goes on from. Until then the disk is being asked, or a snapshot sent. */
  private begun = false;
  /** The end of what was sent. Invariant: ackedZxid <= sentZxid once `begun`. */
  sentZxid = 0;
  /** On the learner's disk. */
  ackedZxid = 0;
  private readonly source: FeedSource;
  private readonly windows: FeedWindows;
  private readonly inflight = new Inflight();
  private end = { lastZxid: 0, truncateFloorZxid: 0 };
  /** NEWLEADER follows when this was sent. */
  private targetZxid = 0;
  /** The read that is being answered; 0 if none. */
  private readId = 0;
  private snapshot: { zxid: number | null; sent: number; acked: number } | null = null;
  /** The commit it was last told of. */
  private toldZxid = 0;

  constructor(source: FeedSource, id: ServerId, info: MessageOf<'FOLLOWERINFO'>, nowMs: number) {
    this.source = source;
    this.id = id;
    this.info = info;
    this.lastHeardMs = nowMs;
    this.windows = source.state.options.windows ?? DEFAULT_WINDOWS;
  }

  get attempt(): number {
    return this.info.attempt;
  }

  get counts(): boolean {
    return this.stage === 'ACKED' || this.stage === 'SYNCED';
  }

  private get state(): MemberState {
    return this.source.state;
  }

  epochAcked(message: MessageOf<'ACKEPOCH'>): void {
    this.stage = 'EPOCH_ACKED';
    this.repeated = message.repeated;
    this.end = { lastZxid: message.lastZxid, truncateFloorZxid: message.truncateFloorZxid };
  }

  // --- The beginning of synchronization ---

  begin(): void {
    const { state } = this;
    this.stage = 'SYNCING';
    // A learner without a vote is told what is committed, and needs no more to be up to date.
    this.targetZxid = state.electorate.isVoter(this.id) ? state.history.lastZxid : state.history.committedZxid;
    const { config, pendingConfig } = state;
    state.send(this.id, { type: 'CONFIG', attempt: this.attempt, config, pendingConfig });
    this.follow(planSync(this.end, state.history));
  }

  protected follow(plan: SyncPlan): void {
    const { state, attempt } = this;
    switch (plan.kind) {
      case 'askDisk':
        this.mode = 'disk';
        return this.readBatches(this.end.lastZxid);
      case 'SNAP':
        this.mode = 'snapshot';
        this.snapshot = { zxid: null, sent: 0, acked: 0 };
        return this.readSnapshot();
      case 'DIFF':
      case 'TRUNC':
        state.send(this.id, { type: plan.kind, attempt, zxid: plan.fromZxid });
        return this.feedFrom(plan.fromZxid);
    }
  }

  private feedFrom(zxid: number): void {
    this.begun = true;
    this.sentZxid = zxid;
    this.ackedZxid = zxid;
    this.mode = zxid >= this.state.history.baseZxid ? 'memory' : 'disk';
    this.feed();
  }

  // --- Batches ---

  /** Sends what there is room for. */
  feed(): void {
    if (this.mode === 'memory') this.feedFromMemory();
    else if (this.mode === 'disk') this.feedFromDisk();
    this.sendNewLeader();
  }

  private feedFromMemory(): void {
    const { history, electorate } = this.state;
    const index = history.indexAfter(this.sentZxid);
    if (index === null) {
      // It was too slow: the leader's memory has moved on.
      this.mode = 'disk';
      return this.feedFromDisk();
    }
    const untilZxid = electorate.isVoter(this.id) ? history.lastZxid : history.committedZxid;
    for (let next = index; next < history.endIndex && this.inflight.bytes < this.windows.batchBytes; next++) {
      const batch = history.at(next);
      if (batch.lastZxid > untilZxid) break;
      this.sendBatch(batch);
    }
    if (this.snapshot !== null) this.closeSnapshot();
  }

  private feedFromDisk(): void {
    if (this.begun && this.readId === 0 && this.inflight.bytes < this.windows.batchBytes) this.readBatches(this.sentZxid);
  }

  /** Tells the learner of a commit that no batch has told it of. */
  tellCommitted(): void {
    const { committedZxid } = this.state.history;
    if (!this.begun || this.toldZxid >= committedZxid) return;
    this.toldZxid = committedZxid;
    this.state.send(this.id, { type: 'COMMIT', attempt: this.attempt, zxid: committedZxid });
  }

  private sendBatch({ firstZxid, lastZxid, body }: ProposedBatch): void {
    const { state, attempt } = this;
    this.sentZxid = lastZxid;
    this.inflight.add(lastZxid, body.length + BATCH_OVERHEAD_BYTES);
    const { committedZxid } = state.history;
    this.toldZxid = committedZxid;
    const config = this.source.configs.get(lastZxid) ?? null;
    state.send(this.id, { type: 'PROPOSAL', attempt, firstZxid, lastZxid, body, committedZxid, config });
  }

  private sendNewLeader(): void {
    if (this.stage !== 'SYNCING' || !this.begun || this.sentZxid < this.targetZxid) return;
    this.stage = 'NEWLEADER_SENT';
    this.state.send(this.id, { type: 'NEWLEADER', attempt: this.attempt, epoch: this.source.epoch, zxid: this.sentZxid });
  }

  private readBatches(afterZxid: number): void {
    this.readId = this.source.nextReadId(this.id);
    this.state.read({ kind: 'batches', readId: this.readId, to: this.id, first: !this.begun, afterZxid, bytesMax: this.windows.readBytes });
  }

  historyRead(readId: number, answer: { fromZxid: number; batches: readonly ProposedBatch[] } | null): void {
    if (readId !== this.readId || this.mode !== 'disk') return;
    this.readId = 0;
    if (!this.begun && !this.beginFrom(answer)) return;
    if (answer === null || answer.fromZxid !== this.sentZxid || answer.batches.length === 0) {
      if (this.sentZxid >= this.state.history.baseZxid) return this.continueFromMemory();
      return this.source.refuse(this.id, `the log does not reach back to ${this.sentZxid} any more`);
    }
    const { baseZxid } = this.state.history;
    for (const batch of answer.batches) {
      // What follows is in memory, and perhaps not committed.
      if (batch.lastZxid > baseZxid) break;
      this.sendBatch(batch);
    }
    if (this.sentZxid >= baseZxid) return this.continueFromMemory();
    this.feed();
  }

  /** The disk has told where the histories part. */
  private beginFrom(answer: { fromZxid: number } | null): boolean {
    const plan = planFrom(this.end, answer === null ? null : answer.fromZxid);
    if (plan.kind === 'SNAP' || plan.kind === 'askDisk') {
      this.follow(plan);
      return false;
    }
    this.state.send(this.id, { type: plan.kind, attempt: this.attempt, zxid: plan.fromZxid });
    this.begun = true;
    this.sentZxid = plan.fromZxid;
    this.ackedZxid = plan.fromZxid;
    return true;
  }

  private continueFromMemory(): void {
    this.mode = 'memory';
    this.feed();
  }

  acked(zxid: number): void {
    if (!this.begun) return;
    if (zxid > this.sentZxid) return this.source.refuse(this.id, `it acknowledged ${zxid}, which nobody sent it`);
    if (zxid > this.ackedZxid) this.ackedZxid = zxid;
    if (this.inflight.release(zxid)) this.feed();
  }

  // --- A snapshot ---

  private readSnapshot(): void {
    assert(this.snapshot !== null, 'a snapshot is being sent');
    this.readId = this.source.nextReadId(this.id);
    const atLeastZxid = Math.min(this.end.lastZxid, this.state.history.deliveredZxid);
    const position = this.snapshot.sent;
    this.state.read({ kind: 'snapshot', readId: this.readId, to: this.id, position, atLeastZxid, bytesMax: this.windows.readBytes });
  }

  snapshotRead(readId: number, answer: { zxid: number; bytes: Uint8Array; last: boolean } | null): void {
    const { snapshot, state, attempt } = this;
    if (readId !== this.readId || snapshot === null) return;
    this.readId = 0;
    if (answer === null) return this.source.refuse(this.id, 'no snapshot can be read');
    if (snapshot.zxid === null) {
      snapshot.zxid = answer.zxid;
      state.send(this.id, { type: 'SNAP', attempt, zxid: answer.zxid });
    }
    const { bytes, last } = answer;
    state.send(this.id, { type: 'SNAPCHUNK', attempt, position: snapshot.sent, bytes, last });
    snapshot.sent += bytes.length;
    if (last) return this.feedFrom(snapshot.zxid);
    if (snapshot.sent - snapshot.acked < this.windows.snapshotBytes) this.readSnapshot();
  }

  snapshotAcked(position: number): void {
    const { snapshot } = this;
    if (snapshot === null || this.mode !== 'snapshot') return;
    snapshot.acked = Math.max(snapshot.acked, Math.min(position, snapshot.sent));
    if (this.readId === 0 && snapshot.sent - snapshot.acked < this.windows.snapshotBytes) this.readSnapshot();
  }

  /** Gives back what the shell keeps open for it. */
  closeSnapshot(): void {
    if (this.snapshot !== null) this.state.read({ kind: 'snapshotDone', to: this.id });
    this.snapshot = null;
  }
}
