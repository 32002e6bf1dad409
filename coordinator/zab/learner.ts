/**
 * Following a leader, as a voter (FOLLOWING) or without a vote (OBSERVING): the same conversation. An observer differs only in that
 * its leader sends it what is committed, and counts it nowhere.
 *
 *     DISCOVERY        FOLLOWERINFO ->   <- LEADERINFO   [acceptedEpoch on disk]   ACKEPOCH ->
 *     SYNCHRONIZATION  <- CONFIG, DIFF | TRUNC | SNAP, PROPOSAL…   <- NEWLEADER   [history, then currentEpoch on disk]
 *                      ACKNEWLEADER ->   <- UPTODATE
 *     BROADCAST        <- PROPOSAL   [on disk]   ACK ->   <- COMMIT
 *
 * Promise: no ACK… leaves before what it speaks of is durable; an epoch older than the accepted one is not followed.
 */
import { Inflight } from './inflight.ts';
import type { MemberState } from './member-state.ts';
import type { MessageOf, PeerMessage } from './messages.ts';
import type { LearningPhase, ProposedBatch, ServerId } from './peer-types.ts';
import { EPOCH_MAX } from './vote.ts';

export class Learner {
  readonly kind = 'learner';
  readonly leader: ServerId;
  epoch = 0;
  /** Why this member stopped following. */
  outcome: string | null = null;
  /** It is no use to come back to this leader at once. */
  avoidLeader = false;
  protected readonly state: MemberState;
  private readonly attempt: number;
  private lastHeardMs: number;
  /** The acknowledgement that waits for the disk, and for which work. At most one: each ends a step. */
  protected waiting: { seq: number; message: MessageOf<'ACKEPOCH'> | MessageOf<'ACKNEWLEADER'> } | null = null;
  private ackedZxid: number;
  private leaderPending: MessageOf<'CONFIG'>['pendingConfig'] = null;
  /** The snapshot that is coming: work ordered for its chunks, and the bytes up to the end of each. */
  private snapshot: { zxid: number; position: number; chunks: Inflight } | null = null;
  private synchronizing = false;
  private isUpToDate = false;
  /** The shell's messages that came before the commits they must follow. */
  private readonly early: { afterZxid: number; payload: unknown }[] = [];

  constructor(state: MemberState, leader: ServerId, attempt: number, reason: string, nowMs: number) {
    this.state = state;
    this.leader = leader;
    this.attempt = attempt;
    this.lastHeardMs = nowMs;
    this.ackedZxid = state.history.lastZxid;
    this.enter('DISCOVERY', reason);
    state.send(leader, {
      type: 'FOLLOWERINFO',
      attempt,
      acceptedEpoch: state.acceptedEpoch,
      observer: state.isObserver,
      fresh: state.isFresh,
      configVersion: state.config.version,
    });
  }

  get phase(): LearningPhase {
    return this.state.role.phase as LearningPhase;
  }

  private enter(phase: LearningPhase, reason: string): void {
    const { state, leader, epoch } = this;
    state.enter({ state: state.isObserver ? 'OBSERVING' : 'FOLLOWING', phase, leader, epoch }, reason);
  }

  private get silenceMaxMs(): number {
    const { initLimitTicks, syncLimitTicks, tickTimeMs } = this.state.options;
    return (this.phase === 'SYNCHRONIZATION' ? Math.max(initLimitTicks, syncLimitTicks) : syncLimitTicks) * tickTimeMs;
  }

  wakeAtMs(): number {
    return this.lastHeardMs + this.silenceMaxMs;
  }

  tick(nowMs: number): void {
    if (nowMs - this.lastHeardMs < this.silenceMaxMs) return;
    this.avoidLeader = true;
    this.leave(`nothing heard from leader ${this.leader} for ${Math.round(nowMs - this.lastHeardMs)} ms`);
    // What it may still send would come after what a new leader says.
    this.state.disconnect(this.leader);
  }

  linkDown(id: ServerId): void {
    if (id === this.leader) this.leave(`the link to leader ${this.leader} is down`);
  }

  /** Gives up; the role changes when the input is done. */
  leave(reason: string): void {
    if (this.outcome !== null) return;
    this.outcome = reason;
    if (this.snapshot !== null) this.state.persist({ kind: 'snapshotAbort' });
    this.snapshot = null;
  }

  /** A message of the leader for this attempt, or of another that has nothing to say here. */
  step(from: ServerId, message: PeerMessage, nowMs: number): void {
    if (message.type === 'NOTIFICATION') return this.notification(from, message);
    if (from !== this.leader || message.attempt !== this.attempt || this.outcome !== null) return;
    this.lastHeardMs = nowMs;
    switch (message.type) {
      case 'LEADERINFO':
        return this.leaderInfo(message);
      case 'REFUSED':
        this.avoidLeader = true;
        return this.leave(`leader ${this.leader} refused: ${message.reason}`);
      case 'CONFIG':
        this.state.learnConfig(message.config);
        this.leaderPending = message.pendingConfig;
        return;
      case 'DIFF':
        if (message.zxid !== this.state.history.lastZxid) return this.violation(`a DIFF from another end than ours`);
        return this.begin();
      case 'TRUNC':
        return this.truncate(message.zxid);
      case 'SNAP':
        if (this.phase !== 'SYNCHRONIZATION') return this.violation('a SNAP out of its place');
        this.snapshot = { zxid: message.zxid, position: 0, chunks: new Inflight() };
        this.state.persist({ kind: 'snapshotBegin', zxid: message.zxid });
        return;
      case 'SNAPCHUNK':
        return this.snapshotChunk(message);
      case 'PROPOSAL':
        return this.proposal(message);
      case 'NEWLEADER':
        return this.newLeader(message);
      case 'UPTODATE':
        return this.upToDate(message.zxid);
      case 'COMMIT':
        return this.commit(message.zxid);
      case 'PING':
        this.state.send(this.leader, { type: 'PONG', attempt: this.attempt });
        return;
      case 'APP':
        if (!this.isUpToDate) return this.violation('an APP before UPTODATE');
        this.early.push({ afterZxid: message.afterZxid, payload: message.payload });
        return this.deliver();
      default:
        return this.violation(`${message.type} is not what a leader sends`);
    }
  }

  private violation(what: string): void {
    this.avoidLeader = true;
    this.state.notice(`Leader ${this.leader} broke the protocol in ${this.phase}: ${what}`);
    this.state.disconnect(this.leader);
    this.leave(`leader ${this.leader} broke the protocol: ${what}`);
  }

  /** The leader itself says that it is none (any more), or another says that it leads a later epoch. */
  private notification(from: ServerId, message: MessageOf<'NOTIFICATION'>): void {
    const { state, leader, electionEpoch, established, peerEpoch } = message;
    if (from !== this.leader) {
      const isNewer = state === 'LEADING' && established && this.epoch > 0 && peerEpoch > this.epoch;
      if (isNewer) this.leave(`server ${from} leads the later epoch ${peerEpoch}`);
      return;
    }
    if (state === 'LOOKING' ? electionEpoch > this.state.electionEpoch : leader !== this.leader) {
      this.leave(`leader ${this.leader} is ${state} in round ${electionEpoch}`);
    }
  }

  /** What others are told who look for a leader. */
  testimony(): MessageOf<'NOTIFICATION'> {
    const { state, leader, phase } = this;
    return {
      type: 'NOTIFICATION',
      state: state.isObserver ? 'OBSERVING' : 'FOLLOWING',
      leader,
      zxid: state.history.lastZxid,
      peerEpoch: state.currentEpoch,
      electionEpoch: state.electionEpoch,
      fresh: state.isFresh,
      established: phase === 'BROADCAST',
      config: state.config.version > 0 ? state.config : null,
    };
  }

  // --- DISCOVERY ---

  private leaderInfo({ epoch }: MessageOf<'LEADERINFO'>): void {
    const { state } = this;
    if (this.phase !== 'DISCOVERY' || this.waiting !== null) return this.violation('a second LEADERINFO');
    if (epoch > EPOCH_MAX) return this.violation(`epoch ${epoch} is out of range`);
    if (!this.mayAccept(epoch)) return this.leave(`epoch ${epoch} of leader ${this.leader} is older than ${state.acceptedEpoch}`);
    // The same epoch once more: the promise may have been given to another leader of that number, and counts only once.
    const repeated = epoch <= state.acceptedEpoch;
    if (!repeated) state.acceptEpoch(epoch);
    this.epoch = epoch;
    this.whenDurable({
      type: 'ACKEPOCH',
      attempt: this.attempt,
      currentEpoch: state.currentEpoch,
      lastZxid: state.history.lastZxid,
      repeated,
      truncateFloorZxid: state.truncateFloorZxid,
    });
  }

  /** The promise: never an older one. */
  protected mayAccept(epoch: number): boolean {
    return epoch >= this.state.acceptedEpoch;
  }

  /** Sends `message` when all that was ordered from the disk so far is there. */
  protected whenDurable(message: MessageOf<'ACKEPOCH'> | MessageOf<'ACKNEWLEADER'>): void {
    this.waiting = { seq: this.state.lastSeq, message };
    this.persisted();
  }

  // --- SYNCHRONIZATION ---

  /** From here on what comes continues our history. */
  private begin(): void {
    if (this.phase !== 'SYNCHRONIZATION' || this.synchronizing) return this.violation('a second beginning');
    this.synchronizing = true;
    this.ackedZxid = Math.min(this.ackedZxid, this.state.history.lastZxid);
    this.state.setPendingConfig(this.leaderPending);
  }

  private truncate(zxid: number): void {
    const { history, truncateFloorZxid } = this.state;
    if (this.phase !== 'SYNCHRONIZATION' || this.synchronizing) return this.violation('a TRUNC out of its place');
    if (zxid > history.lastZxid || zxid < truncateFloorZxid || zxid < history.committedZxid) {
      return this.violation(`a TRUNC to ${zxid}, with ${history.committedZxid} committed of ${history.lastZxid}`);
    }
    this.state.truncate(zxid);
    this.begin();
  }

  private snapshotChunk({ position, bytes, last }: MessageOf<'SNAPCHUNK'>): void {
    const { state, snapshot } = this;
    if (snapshot === null || position !== snapshot.position) return this.violation('a chunk of no snapshot');
    snapshot.position += bytes.length;
    snapshot.chunks.add(state.persist({ kind: 'snapshotChunk', bytes }), bytes.length);
    if (!last) return;
    const { zxid } = snapshot;
    this.snapshot = null;
    state.installSnapshot(zxid);
    this.ackedZxid = zxid;
    this.begin();
  }

  private proposal(message: MessageOf<'PROPOSAL'>): void {
    const { state } = this;
    const { firstZxid, lastZxid, body, config } = message;
    const batch: ProposedBatch = config === null ? { firstZxid, lastZxid, body } : { firstZxid, lastZxid, body, config };
    if (!this.synchronizing || !state.history.continuesWith(batch)) {
      return this.violation(`batch ${firstZxid} to ${lastZxid} does not continue ${state.history.lastZxid}`);
    }
    state.append(batch);
    this.commit(message.committedZxid);
  }

  private newLeader({ epoch, zxid }: MessageOf<'NEWLEADER'>): void {
    const { state } = this;
    if (!this.synchronizing || epoch !== this.epoch || zxid !== state.history.lastZxid || this.waiting !== null) {
      return this.violation(`NEWLEADER of epoch ${epoch} and zxid ${zxid} at ${state.history.lastZxid}`);
    }
    state.enterEpoch(epoch);
    this.whenDurable({ type: 'ACKNEWLEADER', attempt: this.attempt, epoch, zxid });
  }

  private upToDate(zxid: number): void {
    if (this.phase !== 'SYNCHRONIZATION' || this.state.currentEpoch !== this.epoch) return this.violation('UPTODATE too early');
    this.isUpToDate = true;
    this.commit(zxid);
  }

  // --- Disk and commits ---

  /** The disk has come further: says what it has. */
  persisted(): void {
    const { state, waiting, snapshot } = this;
    if (this.outcome !== null) return;
    if (snapshot !== null && snapshot.chunks.release(state.persistedSeq)) {
      const position = snapshot.position - snapshot.chunks.bytes;
      state.send(this.leader, { type: 'SNAPACK', attempt: this.attempt, position });
    }
    if (this.synchronizing && state.durableZxid > this.ackedZxid) {
      this.ackedZxid = state.durableZxid;
      state.send(this.leader, { type: 'ACK', attempt: this.attempt, zxid: this.ackedZxid });
    }
    if (waiting !== null && state.isDurable(waiting.seq)) {
      this.waiting = null;
      state.send(this.leader, waiting.message);
      if (waiting.message.type === 'ACKEPOCH') this.enter('SYNCHRONIZATION', `epoch ${this.epoch} is accepted`);
    }
    this.deliver();
  }

  private commit(zxid: number): void {
    if (!this.synchronizing) return;
    this.state.history.commit(zxid);
    this.deliver();
  }

  private deliver(): void {
    const { state, early } = this;
    state.deliverCommitted();
    const { role } = state;
    if ((role.state === 'OBSERVING') !== state.isObserver) this.enter(this.phase, 'a reconfig gave this member another part');
    const { committedZxid, deliveredZxid } = state.history;
    // A tree that was recovered from the log may hold what nobody has committed yet: it is not shown before.
    if (this.isUpToDate && this.phase !== 'BROADCAST' && deliveredZxid <= committedZxid) {
      this.enter('BROADCAST', `synchronized with leader ${this.leader}`);
    }
    if (this.phase !== 'BROADCAST') return;
    let done = 0;
    while (done < early.length && early[done]!.afterZxid <= deliveredZxid) {
      state.event({ kind: 'app', from: this.leader, payload: early[done++]!.payload });
    }
    if (done > 0) early.splice(0, done);
  }

  sendApp(to: ServerId, payload: unknown): boolean {
    if (to !== this.leader || this.phase !== 'BROADCAST' || this.outcome !== null) return false;
    this.state.send(to, { type: 'APP', attempt: this.attempt, afterZxid: 0, payload });
    return true;
  }
}
