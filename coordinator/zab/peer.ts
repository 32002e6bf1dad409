/**
 * One member's part in Zab, without a socket, a file, a clock or chance: inputs go in, `ready()` says what they come to.
 *
 * How a shell drives it:
 *
 *     const peer = new Peer(options, start, nowMs);   // after snapshot and log were recovered, tree included
 *     for each input:                                 // several may be taken before one `ready`
 *       peer.linkUp(id) | linkDown(id) | step(id, message) | propose(batch) | persisted(seq) | historyRead(…) | tick()
 *       for (let ready; (ready = peer.ready()) !== null; ) {
 *         disk.begin(ready.persist);                  // in order; reports persisted(seq) later, in order
 *         links.send(ready.send);                     // at once: what had to be durable first, was reported
 *         history.begin(ready.reads);                 // answers with historyRead / snapshotRead
 *         links.end(ready.disconnect);
 *         for (const event of ready.events) …         // role, committed, app, config, learner, notice: in order
 *       }
 *     a timer for `wakeAtMs()`, set anew after each input, calls tick(nowMs)
 *
 * Links. One between any two members, in order and without loss or repetition while it is up; both ends hear `linkDown` some time
 * after it broke, and nothing sent before comes after the next `linkUp`. The shell finds out who is at the other end (server
 * id, protocol) before `linkUp`; it lets one live process of an id in and no second one; and it replaces a broken link with
 * `linkDown` before `linkUp`. A learner that its leader's config doesn't name (it is to be added) may link up too.
 *
 * Leading. When the role's phase is BROADCAST, `propose` takes batches numbered from makeZxid(epoch, 1) on without a gap. They come
 * back as `committed` events. Keep `uncommittedBytes` within bounds by asking clients to wait. A role other than
 * LEADING/BROADCAST means: whatever was proposed and not committed has an unknown outcome, drop the clients' connections.
 *
 * The shell's own messages (forwarded requests, session touches, sync, revalidation) travel with `sendApp` between a leader and its
 * synchronized learners, in order with each other; one from the leader also after every commit that the leader had made before.
 *
 * A report (`persisted`, `historyRead`) of work that has meanwhile lost its use is welcome and ignored. A message that makes no sense
 * in its place is ignored too, or ends the link, never the process.
 */
import { assert, unreachable } from '../../shared/base/assert.ts';
import type { TxnBatch } from '../store/txn-log.ts';
import type { Avoided } from './election.ts';
import { Election } from './election.ts';
import { Leader } from './leader.ts';
import { Learner } from './learner.ts';
import { MemberState } from './member-state.ts';
import type { EnsembleConfig, MessageOf, PeerMessage } from './messages.ts';
import type { PeerOptions, PeerStart, PeerStatus, ProposedBatch, Ready, Role, ServerId } from './peer-types.ts';
import { Quorum } from './quorum.ts';

/** How long a leader that has refused this member, or fell silent, is not gone back to while others might lead. */
const AVOID_MS = 200;
/** Changes of role that one input may bring about. Alone, a member that resigns leads again at once: that is two. */
const TRANSITIONS_MAX = 8;

export class Peer {
  protected readonly state: MemberState;
  private part: Election | Leader | Learner;
  private lastAttempt = 0;
  /** FOLLOWERINFO of members that were quicker to see that this one will lead. */
  private readonly early = new Map<ServerId, MessageOf<'FOLLOWERINFO'>>();

  constructor(options: PeerOptions, start: PeerStart, nowMs: number) {
    this.state = new MemberState(options, start);
    this.state.enter({ state: 'LOOKING', phase: 'ELECTION' }, 'the member starts');
    this.part = this.makeElection(null, nowMs);
    this.settle(nowMs);
  }

  // --- Inputs ---

  tick(nowMs: number): void {
    this.part.tick(nowMs);
    this.settle(nowMs);
  }

  linkUp(id: ServerId, nowMs: number): void {
    const { state, part } = this;
    assert(id !== state.id, 'a member has no link to itself');
    if (state.links.has(id)) this.linkDown(id, nowMs);
    state.links.add(id);
    if (part.kind === 'election') part.linkUp(id, nowMs);
    this.settle(nowMs);
  }

  linkDown(id: ServerId, nowMs: number): void {
    if (!this.state.links.delete(id)) return;
    this.early.delete(id);
    this.part.linkDown(id, nowMs);
    this.settle(nowMs);
  }

  step(from: ServerId, message: PeerMessage, nowMs: number): void {
    const { state, part } = this;
    if (!state.links.has(from)) return;
    switch (part.kind) {
      case 'election':
        if (message.type === 'NOTIFICATION') {
          // Whoever looks for a leader has given up what it asked before.
          if (message.state === 'LOOKING') this.early.delete(from);
          part.notification(from, message, nowMs);
        } else if (message.type === 'FOLLOWERINFO') this.early.set(from, message);
        // Anything else belongs to an attempt that is over.
        break;
      case 'learner':
        if (message.type === 'NOTIFICATION') this.testify(from, message);
        if (message.type === 'FOLLOWERINFO') this.refuse(from, message);
        else part.step(from, message, nowMs);
        break;
      case 'leader':
        part.step(from, message, nowMs);
        if (message.type === 'NOTIFICATION' && part.outcome === null) this.testify(from, message);
        break;
      default:
        unreachable(part, 'part');
    }
    this.settle(nowMs);
  }

  /** Everything in `Ready.persist` up to `seq` is durable (and a truncated or installed tree is in place). */
  persisted(seq: number, nowMs: number): void {
    this.state.persisted(seq);
    if (this.part.kind === 'election') this.state.deliverCommitted();
    else this.part.persisted();
    this.settle(nowMs);
  }

  /** See `HistoryRead`. */
  historyRead(readId: number, answer: { fromZxid: number; batches: readonly TxnBatch[] } | null, nowMs: number): void {
    if (this.part.kind === 'leader') this.part.historyRead(readId, answer);
    this.settle(nowMs);
  }

  /** See `HistoryRead`. */
  snapshotRead(readId: number, answer: { zxid: number; bytes: Uint8Array; last: boolean } | null, nowMs: number): void {
    if (this.part.kind === 'leader') this.part.snapshotRead(readId, answer);
    this.settle(nowMs);
  }

  // --- Commands ---

  /** Leader in BROADCAST: orders `batch` after all before. A reconfig's batch carries `config`; one at a time (`pendingConfig`). */
  propose(batch: ProposedBatch, nowMs: number): void {
    assert(this.part.kind === 'leader', 'only a leader proposes');
    this.part.propose(batch);
    this.settle(nowMs);
  }

  /** To the leader, or from it to a learner. False, and nothing sent, if there is no synchronized member `to` at the other end. */
  sendApp(to: ServerId, payload: unknown): boolean {
    return this.part.kind !== 'election' && this.part.sendApp(to, payload);
  }

  /** Leader: could `config` be proposed now, being told apart from the present one and having a quorum that is synchronized? */
  isQuorumSynced(config: EnsembleConfig): boolean {
    const quorum = new Quorum(config);
    return this.part.kind === 'leader' && this.part.isQuorumSynced((has) => quorum.contains(has));
  }

  /** Gives the role up and looks for a leader: the disk is full, an operator asked. */
  resign(reason: string, nowMs: number): void {
    if (this.part.kind === 'leader') this.part.resign(reason);
    else if (this.part.kind === 'learner') this.part.leave(reason);
    this.settle(nowMs);
  }

  /** The log was pruned up to the oldest snapshot, of `zxid`: a TRUNC can go back no further. */
  pruned(zxid: number): void {
    this.state.truncateFloorZxid = Math.max(this.state.truncateFloorZxid, zxid);
  }

  // --- Outputs ---

  /** What is to be done, or null. It is handed out once. */
  ready(): Ready | null {
    return this.state.takeReady();
  }

  /** When `tick` next has something to do. */
  wakeAtMs(): number {
    return this.part.wakeAtMs();
  }

  get role(): Role {
    return this.state.role;
  }

  get config(): EnsembleConfig {
    return this.state.config;
  }

  /** Proposed or announced, and not committed yet; null if none. */
  get pendingConfig(): EnsembleConfig | null {
    return this.state.pendingConfig;
  }

  get lastZxid(): number {
    return this.state.history.lastZxid;
  }

  get committedZxid(): number {
    return this.state.history.committedZxid;
  }

  /** Bytes of batches that are logged, or on their way to it, and not applied. */
  get uncommittedBytes(): number {
    return this.state.history.uncommittedBytes;
  }

  status(): PeerStatus {
    const { state, part } = this;
    const { role, history } = state;
    return {
      state: role.state,
      phase: role.phase,
      leader: role.state === 'LOOKING' ? null : role.leader,
      epoch: role.state === 'LOOKING' ? 0 : part.kind === 'election' ? 0 : part.epoch,
      acceptedEpoch: state.acceptedEpoch,
      currentEpoch: state.currentEpoch,
      electionEpoch: state.electionEpoch,
      lastZxid: history.lastZxid,
      committedZxid: history.committedZxid,
      config: state.config,
      pendingConfig: state.pendingConfig,
      learners:
        part.kind !== 'leader'
          ? []
          : [...part.learners.values()].map(({ id, stage, mode, ackedZxid, sentZxid }) => ({
              id,
              observer: !state.electorate.isVoter(id),
              synced: stage === 'SYNCED',
              mode,
              ackedZxid,
              sentZxid,
            })),
    };
  }

  // --- Roles ---

  protected makeElection(avoid: Avoided | null, nowMs: number): Election {
    return new Election(this.state, avoid, nowMs);
  }

  protected makeLeader(reason: string, nowMs: number): Leader {
    return new Leader(this.state, reason, nowMs);
  }

  protected makeLearner(leader: ServerId, attempt: number, reason: string, nowMs: number): Learner {
    return new Learner(this.state, leader, attempt, reason, nowMs);
  }

  /** Goes where the input has led: a role that has come to its end says so in `outcome`. */
  private settle(nowMs: number): void {
    for (let count = 0; this.part.outcome !== null; count++) {
      assert(count < TRANSITIONS_MAX, 'a member comes to rest in one role');
      const { part, state } = this;
      switch (part.kind) {
        case 'election': {
          const { leader, reason } = part.outcome!;
          if (leader === state.id) this.lead(reason, nowMs);
          else this.follow(leader, reason, nowMs);
          break;
        }
        case 'leader':
          part.close();
          this.look(part.outcome!, null, nowMs);
          break;
        case 'learner':
          this.look(part.outcome!, part.avoidLeader ? { leader: part.leader, untilMs: nowMs + AVOID_MS } : null, nowMs);
          break;
        default:
          unreachable(part, 'part');
      }
    }
  }

  private look(reason: string, avoid: Avoided | null, nowMs: number): void {
    this.state.enter({ state: 'LOOKING', phase: 'ELECTION' }, reason);
    this.part = this.makeElection(avoid, nowMs);
  }

  private lead(reason: string, nowMs: number): void {
    const leader = this.makeLeader(reason, nowMs);
    this.part = leader;
    for (const [id, message] of this.early) leader.step(id, message, nowMs);
    this.early.clear();
  }

  private follow(leader: ServerId, reason: string, nowMs: number): void {
    this.lastAttempt++;
    this.part = this.makeLearner(leader, this.lastAttempt, reason, nowMs);
    for (const [id, message] of this.early) this.refuse(id, message);
    this.early.clear();
  }

  /** Tells a member that looks for a leader who it is. */
  private testify(to: ServerId, { state }: MessageOf<'NOTIFICATION'>): void {
    if (state === 'LOOKING' && this.part.kind !== 'election') this.state.send(to, this.part.testimony());
  }

  private refuse(to: ServerId, { attempt }: MessageOf<'FOLLOWERINFO'>): void {
    this.state.send(to, { type: 'REFUSED', attempt, reason: `server ${this.state.id} is no leader` });
  }
}
