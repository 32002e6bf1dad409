/**
 * Leading, in the three phases of Zab:
 *
 *     DISCOVERY        a quorum of learners has come (FOLLOWERINFO): take an epoch that is greater than any of them has accepted,
 *                      put it on the disk, tell it (LEADERINFO), and wait for a quorum of ACKEPOCH. Whoever is ahead of us leads better.
 *     SYNCHRONIZATION  bring each learner's history to ours (`feeder.ts`), NEWLEADER, and wait for a quorum that has it on its
 *                      disks: from now on no other leader can be without it, so all of it is committed. We are established.
 *     BROADCAST        order batches, send them, commit what a quorum has on its disks, in order.
 *
 * Promise: nothing is committed that a quorum doesn't have on its disks; a leader without a quorum within reach stops at once.
 */
import { assert } from '../../shared/base/assert.ts';
import { COUNTER_MAX, counterOf, epochOf, makeZxid } from '../../shared/znode/zxid.ts';
import type { FeedSource } from './feeder.ts';
import { Feeder } from './feeder.ts';
import type { MemberState } from './member-state.ts';
import type { EnsembleConfig, MessageOf, PeerMessage } from './messages.ts';
import type { LearningPhase, ProposedBatch, ServerId } from './peer-types.ts';
import type { Vote } from './vote.ts';
import { EPOCH_MAX, isAhead } from './vote.ts';

/** A new epoch is begun when the counter comes this close to its end: room for any batch that is being made. */
const COUNTER_RESERVE = 1 << 20;

/** Ticks for a quorum that has voted alike to come. Where votes were split it will not, and all had better vote again. */
const COME_TICKS = 2;

export class Leader implements FeedSource {
  readonly kind = 'leader';
  epoch = 0;
  /** Why this member stopped leading. */
  outcome: string | null = null;
  readonly state: MemberState;
  readonly configs = new Map<number, EnsembleConfig>();
  readonly learners = new Map<ServerId, Feeder>();
  /** The vote that made it leader. */
  protected readonly vote: Vote;
  private readonly isFresh: boolean;
  /** After this our own disk has the new epoch as accepted, or (null) none is chosen yet. */
  private acceptedSeq: number | null = null;
  private announced = false;
  /** After this our own disk has all of our history and the epoch as current. */
  private enteredSeq: number | null = null;
  private readonly reads = new Map<number, ServerId>();
  /** So long, and a quorum has to have come; so long, and this leader has to be established. */
  private readonly comeByMs: number;
  private readonly establishByMs: number;
  private nextPingMs: number;

  constructor(state: MemberState, reason: string, nowMs: number) {
    this.state = state;
    state.dropUnloggedConfig();
    this.vote = state.ownVote;
    this.isFresh = state.isFresh;
    const { initLimitTicks, tickTimeMs } = state.options;
    this.comeByMs = nowMs + Math.min(initLimitTicks, COME_TICKS) * tickTimeMs;
    this.establishByMs = nowMs + initLimitTicks * tickTimeMs;
    this.nextPingMs = nowMs + tickTimeMs / 2;
    this.enter('DISCOVERY', reason);
    this.chooseEpoch();
  }

  get phase(): LearningPhase {
    return this.state.role.phase as LearningPhase;
  }

  get isEstablished(): boolean {
    return this.phase === 'BROADCAST';
  }

  protected enter(phase: LearningPhase, reason: string): void {
    this.state.enter({ state: 'LEADING', phase, leader: this.state.id, epoch: this.epoch }, reason);
  }

  resign(reason: string): void {
    this.outcome ??= reason;
  }

  /** Gives back what is open for learners. */
  close(): void {
    for (const learner of [...this.learners.values()]) this.drop(learner.id, 'this member stopped leading');
  }

  // --- Time ---

  wakeAtMs(): number {
    if (this.isEstablished) return this.nextPingMs;
    return Math.min(this.nextPingMs, this.acceptedSeq === null ? this.comeByMs : this.establishByMs);
  }

  tick(nowMs: number): void {
    if (this.acceptedSeq === null && nowMs >= this.comeByMs) return this.resign('too few of those who voted alike have come');
    if (!this.isEstablished && nowMs >= this.establishByMs) {
      return this.resign(`no quorum of followers came within initLimit (phase ${this.phase})`);
    }
    if (nowMs < this.nextPingMs) return;
    const { initLimitTicks, syncLimitTicks, tickTimeMs } = this.state.options;
    this.nextPingMs = nowMs + tickTimeMs / 2;
    for (const learner of [...this.learners.values()]) {
      const limitTicks = learner.stage === 'SYNCED' ? syncLimitTicks : Math.max(initLimitTicks, syncLimitTicks);
      const silentMs = nowMs - learner.lastHeardMs;
      if (silentMs >= limitTicks * tickTimeMs) {
        this.state.disconnect(learner.id);
        this.drop(learner.id, `nothing heard for ${Math.round(silentMs)} ms`);
        continue;
      }
      this.state.send(learner.id, { type: 'PING', attempt: learner.attempt, zxid: this.state.history.committedZxid });
    }
    this.checkQuorum();
  }

  // --- Learners come and go ---

  linkDown(id: ServerId): void {
    this.drop(id, 'the link is down');
    this.checkQuorum();
  }

  /** A learner is gone, or begins anew. */
  private drop(id: ServerId, reason: string): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    this.learners.delete(id);
    learner.closeSnapshot();
    if (learner.stage === 'SYNCED') this.tellLearner(learner, false, reason);
  }

  private tellLearner({ id }: Feeder, synced: boolean, reason: string): void {
    this.state.event({ kind: 'learner', id, synced, observer: !this.state.electorate.isVoter(id), reason });
  }

  refuse(id: ServerId, reason: string): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    this.state.send(id, { type: 'REFUSED', attempt: learner.attempt, reason });
    this.state.notice(`Refused learner ${id}: ${reason}`);
    this.drop(id, reason);
    this.checkQuorum();
  }

  /** Stops leading when there is no quorum within reach any more. */
  protected checkQuorum(): void {
    const { state, isEstablished } = this;
    const isHere = (id: ServerId): boolean => {
      if (id === state.id) return true;
      return isEstablished ? this.learners.get(id)?.counts === true : state.links.has(id);
    };
    if (!state.electorate.isQuorum(isHere)) this.resign('there is no quorum of followers any more');
  }

  /** May `config` be proposed: is a quorum of it synchronized? */
  isQuorumSynced(isQuorum: (has: (id: ServerId) => boolean) => boolean): boolean {
    return isQuorum((id) => id === this.state.id || this.learners.get(id)?.counts === true);
  }

  step(from: ServerId, message: PeerMessage, nowMs: number): void {
    if (message.type === 'NOTIFICATION') return this.notification(from, message);
    if (message.type === 'FOLLOWERINFO') return this.followerInfo(from, message, nowMs);
    const learner = this.learners.get(from);
    if (learner === undefined || learner.attempt !== message.attempt) return;
    learner.lastHeardMs = nowMs;
    switch (message.type) {
      case 'ACKEPOCH':
        return this.epochAcked(learner, message);
      case 'SNAPACK':
        return learner.snapshotAcked(message.position);
      case 'ACKNEWLEADER':
        return this.newLeaderAcked(learner, message);
      case 'ACK':
        learner.acked(message.zxid);
        if (learner.counts) this.commitAgreed();
        return;
      case 'PONG':
        return;
      case 'APP':
        if (learner.stage === 'SYNCED') this.state.event({ kind: 'app', from, payload: message.payload });
        return;
      default:
        this.state.disconnect(from);
        this.refuse(from, `${message.type} is not what a learner sends`);
    }
  }

  private notification(from: ServerId, message: MessageOf<'NOTIFICATION'>): void {
    const { state, zxid, peerEpoch, leader, established } = message;
    if (state === 'LOOKING') {
      // If it followed us, it does no more.
      this.drop(from, 'it looks for a leader');
      this.checkQuorum();
      if (this.isEstablished || leader !== from || !this.state.electorate.isVoter(from)) return;
      if (this.isBehind(peerEpoch, zxid)) this.resign(`server ${from} is ahead`);
    } else if (state === 'LEADING' && established && (!this.isEstablished || peerEpoch > this.epoch)) {
      this.resign(`server ${from} leads epoch ${peerEpoch}`);
    }
  }

  // --- DISCOVERY ---

  private followerInfo(from: ServerId, message: MessageOf<'FOLLOWERINFO'>, nowMs: number): void {
    const { state } = this;
    this.drop(from, 'it follows anew');
    const learner = new Feeder(this, from, message, nowMs);
    this.learners.set(from, learner);
    if (message.acceptedEpoch > EPOCH_MAX) return this.refuse(from, `its accepted epoch ${message.acceptedEpoch} is out of range`);
    if (message.configVersion > (state.pendingConfig ?? state.config).version) {
      state.notice(`Server ${from} knows a later ensemble (version ${message.configVersion}) than this leader (${state.config.version})`);
    }
    if (this.acceptedSeq === null) return this.chooseEpoch();
    if (!this.mayFollow(message.acceptedEpoch)) {
      // It has promised not to follow us. Only a newer epoch brings it back.
      if (state.electorate.isVoter(from)) return this.resign(`server ${from} has accepted epoch ${message.acceptedEpoch}`);
      return this.refuse(from, `it has accepted epoch ${message.acceptedEpoch}, this is ${this.epoch}`);
    }
    if (this.announced) this.announceEpoch(learner);
    this.checkQuorum();
  }

  /** A member that has accepted a later epoch must not follow this one. */
  protected mayFollow(acceptedEpoch: number): boolean {
    return acceptedEpoch <= this.epoch;
  }

  /** Is a quorum there, of those who may be believed, this member among them? */
  protected isTrusted(hasCome: (learner: Feeder) => boolean): boolean {
    const { state, learners } = this;
    return state.electorate.isTrustedQuorum(
      (id) => {
        const learner = learners.get(id);
        return id === state.id || (learner !== undefined && hasCome(learner));
      },
      (id) => (id === state.id ? this.isFresh : learners.get(id)!.info.fresh),
    );
  }

  /** Is this member's history, as it came to lead, behind one that ends so? */
  protected isBehind(epoch: number, zxid: number): boolean {
    return isAhead(epoch, zxid, this.vote.peerEpoch, this.vote.zxid);
  }

  private chooseEpoch(): void {
    const { state } = this;
    if (this.acceptedSeq !== null || !this.isTrusted(() => true)) return;
    let accepted = state.acceptedEpoch;
    for (const { info } of this.learners.values()) accepted = Math.max(accepted, info.acceptedEpoch);
    this.epoch = accepted + 1;
    assert(this.epoch <= EPOCH_MAX, 'epochs fit into a zxid');
    this.acceptedSeq = state.acceptEpoch(this.epoch);
  }

  private announceEpoch(learner: Feeder): void {
    learner.stage = 'EPOCH_SENT';
    this.state.send(learner.id, { type: 'LEADERINFO', attempt: learner.attempt, epoch: this.epoch });
  }

  private epochAcked(learner: Feeder, message: MessageOf<'ACKEPOCH'>): void {
    const { state } = this;
    if (learner.stage !== 'EPOCH_SENT') return this.refuse(learner.id, 'ACKEPOCH out of its place');
    learner.epochAcked(message);
    if (this.phase !== 'DISCOVERY') return this.begin(learner);
    const { currentEpoch, lastZxid } = message;
    if (state.electorate.isVoter(learner.id) && this.isBehind(currentEpoch, lastZxid)) {
      return this.resign(`server ${learner.id} is ahead: epoch ${currentEpoch}, zxid ${lastZxid}`);
    }
    // A promise that was given before (to another leader of this number, for all we know) counts for nobody.
    const couldStill = ({ repeated }: Feeder): boolean => !repeated;
    if (learner.repeated && !this.isTrusted(couldStill)) return this.resign(`epoch ${this.epoch} was promised before`);
    this.synchronize();
  }

  /** Begins SYNCHRONIZATION when a quorum has accepted the epoch. */
  private synchronize(): void {
    const { state } = this;
    if (this.phase !== 'DISCOVERY' || !this.announced) return;
    if (!this.isTrusted(({ stage, repeated }) => stage === 'EPOCH_ACKED' && !repeated)) return;
    this.enteredSeq = state.enterEpoch(this.epoch);
    this.enter('SYNCHRONIZATION', `a quorum has accepted epoch ${this.epoch}`);
    for (const learner of this.learners.values()) if (learner.stage === 'EPOCH_ACKED') this.begin(learner);
  }

  // --- SYNCHRONIZATION ---

  private begin(learner: Feeder): void {
    // Who has no vote is sent what is committed: which this leader knows once it is established.
    if (this.isEstablished || this.state.electorate.isVoter(learner.id)) learner.begin();
  }

  private newLeaderAcked(learner: Feeder, { zxid, epoch }: MessageOf<'ACKNEWLEADER'>): void {
    if (learner.stage !== 'NEWLEADER_SENT' || epoch !== this.epoch) return this.refuse(learner.id, 'ACKNEWLEADER out of its place');
    learner.stage = 'ACKED';
    learner.acked(zxid);
    if (!this.isEstablished) return this.establish();
    this.upToDate(learner);
    this.commitAgreed();
  }

  protected establish(): void {
    const { state, learners } = this;
    if (this.phase !== 'SYNCHRONIZATION') return;
    const ownIsThere = this.enteredSeq !== null && state.isDurable(this.enteredSeq);
    if (!state.electorate.isQuorum((id) => (id === state.id ? ownIsThere : learners.get(id)?.counts === true))) return;
    state.history.commit(state.history.lastZxid);
    state.deliverCommitted();
    this.enter('BROADCAST', `a quorum has the history up to zxid 0x${state.history.lastZxid.toString(16)}`);
    for (const learner of learners.values()) {
      if (learner.stage === 'ACKED') this.upToDate(learner);
      else if (learner.stage === 'EPOCH_ACKED') learner.begin();
    }
    // Those who wait for a leader need not ask again.
    for (const id of state.links) if (!learners.has(id)) state.send(id, this.testimony());
  }

  private upToDate(learner: Feeder): void {
    learner.stage = 'SYNCED';
    this.state.send(learner.id, { type: 'UPTODATE', attempt: learner.attempt, zxid: this.state.history.committedZxid });
    this.tellLearner(learner, true, 'synchronized');
  }

  /** What others are told who look for a leader. */
  testimony(): MessageOf<'NOTIFICATION'> {
    const { state } = this;
    return {
      type: 'NOTIFICATION',
      state: 'LEADING',
      leader: state.id,
      zxid: this.vote.zxid,
      peerEpoch: this.isEstablished ? this.epoch : this.vote.peerEpoch,
      electionEpoch: state.electionEpoch,
      fresh: false,
      established: this.isEstablished,
      config: state.config.version > 0 ? state.config : null,
    };
  }

  // --- BROADCAST ---

  propose(batch: ProposedBatch): void {
    const { state } = this;
    assert(this.isEstablished, 'only an established leader proposes');
    const { lastZxid } = state.history;
    const previous = epochOf(lastZxid) === this.epoch ? lastZxid : makeZxid(this.epoch, 0);
    assert(batch.firstZxid === previous + 1 && epochOf(batch.lastZxid) === this.epoch, 'proposals follow each other in this epoch');
    if (batch.config !== undefined) {
      assert(state.pendingConfig === null, 'one reconfig at a time');
      assert(batch.firstZxid === batch.lastZxid && batch.config.version === batch.lastZxid, 'a reconfig is alone in its batch');
      this.configs.set(batch.lastZxid, batch.config);
    }
    state.append(batch);
    for (const learner of this.learners.values()) learner.feed();
    // One more epoch costs an election; a counter that ran over would cost the order.
    if (counterOf(batch.lastZxid) > COUNTER_MAX - COUNTER_RESERVE) this.resign('the zxid counter is exhausted');
  }

  /** Our disk has come further. */
  persisted(): void {
    const { state } = this;
    if (this.acceptedSeq !== null && !this.announced && state.isDurable(this.acceptedSeq)) {
      this.announced = true;
      for (const learner of this.learners.values()) this.announceEpoch(learner);
      this.synchronize();
    }
    if (this.phase === 'SYNCHRONIZATION') this.establish();
    else if (this.isEstablished) this.commitAgreed();
  }

  /** What a voter has on its disk of this leader's history. */
  protected durableOf(id: ServerId): number {
    const { state } = this;
    if (id === state.id) return this.enteredSeq !== null && state.isDurable(this.enteredSeq) ? state.durableZxid : 0;
    const learner = this.learners.get(id);
    return learner?.counts === true ? learner.ackedZxid : 0;
  }

  protected commitAgreed(): void {
    const { state } = this;
    if (!this.isEstablished) return;
    const zxid = state.electorate.committable((id) => this.durableOf(id));
    if (zxid <= state.history.committedZxid || counterOf(zxid) === 0) return;
    const { config } = state;
    state.history.commit(zxid);
    state.deliverCommitted();
    for (const learner of this.learners.values()) {
      // It may wait for just this: without a vote it is sent what is committed.
      learner.feed();
      learner.tellCommitted();
    }
    if (state.config !== config && !state.electorate.mayLead(state.id)) this.resign('the new ensemble has another leader');
  }

  // --- Reads of history, and the shell's messages ---

  nextReadId(to: ServerId): number {
    this.reads.set(++this.state.lastReadId, to);
    return this.state.lastReadId;
  }

  historyRead(readId: number, answer: { fromZxid: number; batches: readonly ProposedBatch[] } | null): void {
    this.reader(readId)?.historyRead(readId, answer);
  }

  snapshotRead(readId: number, answer: { zxid: number; bytes: Uint8Array; last: boolean } | null): void {
    this.reader(readId)?.snapshotRead(readId, answer);
  }

  private reader(readId: number): Feeder | undefined {
    const to = this.reads.get(readId);
    this.reads.delete(readId);
    return to === undefined ? undefined : this.learners.get(to);
  }

  sendApp(to: ServerId, payload: unknown): boolean {
    const learner = this.learners.get(to);
    if (learner?.stage !== 'SYNCED' || this.outcome !== null) return false;
    const { committedZxid } = this.state.history;
    this.state.send(to, { type: 'APP', attempt: learner.attempt, afterZxid: committedZxid, payload });
    return true;
  }
}
