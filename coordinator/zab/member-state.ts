/**
 * What a member keeps through all its roles: epochs, config, history, links, and the outputs that wait for `ready()`.
 *
 * Everything here is as of the last `DiskWork` ordered. The disk does its work in order, so whoever waits for a later
 * piece of it to be durable (an epoch, before a vote for it is worth anything) knows that all of this is, too.
 */
import { assert } from '../../shared/base/assert.ts';
import { epochOf } from '../../shared/znode/zxid.ts';
import { History } from './history.ts';
import type { EnsembleConfig, PeerMessage } from './messages.ts';
import type {
  DiskWork,
  Envelope,
  HistoryRead,
  PeerEvent,
  PeerOptions,
  PeerStart,
  ProposedBatch,
  Ready,
  Role,
  ServerId,
} from './peer-types.ts';
import { Electorate } from './quorum.ts';
import type { Vote } from './vote.ts';

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;

export class MemberState {
  readonly options: PeerOptions;
  readonly id: ServerId;
  readonly history: History;
  /** Members at the other end of a link that is up. */
  readonly links = new Set<ServerId>();
  /** The promise not to follow an older epoch. Invariant: currentEpoch <= acceptedEpoch. */
  acceptedEpoch: number;
  /** The epoch of the last leader whose history this member had when it was established, or was about to be. */
  currentEpoch: number;
  config: EnsembleConfig;
  pendingConfig: EnsembleConfig | null;
  electorate: Electorate;
  role: Role = { state: 'LOOKING', phase: 'ELECTION' };
  /** Rounds of elections; the original's logical clock. */
  electionEpoch = 0;
  truncateFloorZxid: number;
  /** The last zxid on the disk: an ACK says no more. */
  durableZxid: number;
  persistedSeq = 0;
  /** Reads of history are numbered through all roles: a late answer finds nobody. */
  lastReadId = 0;
  /** The last piece of work ordered. */
  lastSeq = 0;
  /** Until this is durable the tree is being rebuilt: nothing can be applied. */
  private rebuildSeq = 0;
  /** Where the history ends once a piece of work is durable, oldest first. */
  private ends: { seq: number; zxid: number }[] = [];
  private out: Ready = emptyReady();

  constructor(options: PeerOptions, start: PeerStart) {
    this.options = options;
    this.id = options.serverId;
    this.history = new History(start.lastZxid, options.commitLogCount, options.commitLogBytesMax);
    this.durableZxid = start.lastZxid;
    this.currentEpoch = start.currentEpoch;
    // A member whose epochs are older than its log (restored from two backups) keeps the promises that its log shows. It votes with
    // its current epoch, however old: that only makes it give way to others.
    this.acceptedEpoch = Math.max(start.acceptedEpoch, start.currentEpoch, epochOf(start.lastZxid));
    this.truncateFloorZxid = start.truncateFloorZxid;
    this.config = start.config;
    this.pendingConfig = start.pendingConfig;
    this.electorate = new Electorate(this.config, this.pendingConfig);
    this.dropUnloggedConfig();
  }

  /**
   * The disk was empty, and no leader's history has been taken over whole since: this member may have forgotten what it
   * acknowledged, even if it has begun to learn it again. One with a history and no epochs served alone before: it knows.
   */
  get isFresh(): boolean {
    return this.currentEpoch === 0 && (this.history.lastZxid === 0 || this.acceptedEpoch > 0);
  }

  get isVoter(): boolean {
    return this.electorate.isVoter(this.id);
  }

  /** OBSERVING or FOLLOWING, when it has a leader? A participant that no config names yet follows, without a vote. */
  get isObserver(): boolean {
    if (this.isVoter) return false;
    return this.config.observers.includes(this.id) || this.options.peerType === 'observer';
  }

  get ownVote(): Vote {
    return { leader: this.id, zxid: this.history.lastZxid, peerEpoch: this.currentEpoch };
  }

  // --- Outputs ---

  /** Changes role or phase, and tells it. */
  enter(role: Role, reason: string): void {
    this.role = role;
    this.event({ kind: 'role', role, reason });
  }

  send(to: ServerId, message: PeerMessage): void {
    if (this.links.has(to)) this.out.send.push({ to, message } satisfies Envelope);
  }

  event(event: PeerEvent): void {
    this.out.events.push(event);
  }

  notice(text: string): void {
    this.out.events.push({ kind: 'notice', text });
  }

  read(read: HistoryRead): void {
    this.out.reads.push(read);
  }

  /** Ends the link; the shell says when it is down. */
  disconnect(id: ServerId): void {
    if (this.links.has(id) && !this.out.disconnect.includes(id)) this.out.disconnect.push(id);
  }

  takeReady(): Ready | null {
    const { out } = this;
    const count = out.persist.length + out.send.length + out.reads.length + out.disconnect.length + out.events.length;
    if (count === 0) return null;
    this.out = emptyReady();
    return out;
  }

  // --- The disk ---

  persist(work: WithoutSeq<DiskWork>): number {
    this.lastSeq++;
    this.out.persist.push({ seq: this.lastSeq, ...work } as DiskWork);
    return this.lastSeq;
  }

  persisted(seq: number): void {
    assert(seq <= this.lastSeq, 'the disk reports work that was ordered');
    if (seq <= this.persistedSeq) return;
    this.persistedSeq = seq;
    let done = 0;
    while (done < this.ends.length && this.ends[done]!.seq <= seq) this.durableZxid = this.ends[done++]!.zxid;
    if (done > 0) this.ends.splice(0, done);
  }

  isDurable(seq: number): boolean {
    return seq <= this.persistedSeq;
  }

  acceptEpoch(epoch: number): number {
    assert(epoch > this.acceptedEpoch, 'accepted epochs rise');
    this.acceptedEpoch = epoch;
    return this.persistEpochs();
  }

  enterEpoch(epoch: number): number {
    assert(epoch <= this.acceptedEpoch, 'an epoch is accepted before it is entered');
    this.currentEpoch = epoch;
    return this.persistEpochs();
  }

  private persistEpochs(): number {
    return this.persist({ kind: 'epochs', acceptedEpoch: this.acceptedEpoch, currentEpoch: this.currentEpoch });
  }

  append(batch: ProposedBatch): void {
    // The config first: whoever has the txn in its log decides with the quorums that it asks for.
    if (batch.config !== undefined) this.setPendingConfig(batch.config);
    this.history.append(batch);
    this.ends.push({ seq: this.persist({ kind: 'append', batch }), zxid: batch.lastZxid });
  }

  truncate(zxid: number): void {
    const rebuild = this.history.deliveredZxid > zxid;
    this.history.truncate(zxid);
    this.rebuildSeq = this.persist({ kind: 'truncate', zxid, rebuild });
    this.endAt(zxid);
  }

  /** A snapshot that was received whole takes the place of the history. */
  installSnapshot(zxid: number): void {
    this.history.reset(zxid);
    this.truncateFloorZxid = zxid;
    this.rebuildSeq = this.persist({ kind: 'snapshotEnd', zxid });
    this.endAt(zxid);
  }

  /** Another history than before: what is still on its way to the disk of the old one counts no further than both agree. */
  private endAt(zxid: number): void {
    this.durableZxid = Math.min(this.durableZxid, zxid);
    for (const end of this.ends) end.zxid = Math.min(end.zxid, zxid);
    this.ends.push({ seq: this.rebuildSeq, zxid });
    this.dropUnloggedConfig();
  }

  /** Hands out what is committed, unless the tree is being rebuilt. */
  deliverCommitted(): void {
    if (!this.isDurable(this.rebuildSeq)) return;
    for (let batch = this.history.deliver(); batch !== null; batch = this.history.deliver()) {
      this.event({ kind: 'committed', batch });
    }
    const pending = this.pendingConfig;
    if (pending === null || pending.version > this.history.committedZxid || pending.version > this.history.lastZxid) return;
    this.setConfigs(pending, null);
    this.event({ kind: 'config', config: pending });
  }

  // --- The ensemble ---

  /** Takes over a config that is in force elsewhere, if it is newer. */
  learnConfig(config: EnsembleConfig): void {
    if (config.version <= this.config.version) return;
    const pending = this.pendingConfig;
    this.setConfigs(config, pending !== null && pending.version > config.version ? pending : null);
    this.event({ kind: 'config', config });
  }

  setPendingConfig(pendingConfig: EnsembleConfig | null): void {
    if (pendingConfig !== null && pendingConfig.version <= this.config.version) return;
    if (pendingConfig?.version === this.pendingConfig?.version) return;
    this.setConfigs(this.config, pendingConfig);
  }

  /**
   * A proposed config is noted before its txn is logged. If the txn never came, the note must go before later txns make it look
   * as if it had.
   */
  dropUnloggedConfig(): void {
    if (this.pendingConfig !== null && this.pendingConfig.version > this.history.lastZxid) this.setPendingConfig(null);
  }

  private setConfigs(config: EnsembleConfig, pendingConfig: EnsembleConfig | null): void {
    this.config = config;
    this.pendingConfig = pendingConfig;
    this.electorate = new Electorate(config, pendingConfig);
    this.persist({ kind: 'config', config, pendingConfig });
  }
}

function emptyReady(): Ready {
  return { persist: [], send: [], reads: [], disconnect: [], events: [] };
}
