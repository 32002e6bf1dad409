/**
 * One simulated process: a real `Peer` and a small shell around it, as the real server's is: disk, links, a tree, clients'
 * requests forwarded to the leader, and the leader's batching. It dies without notice and starts from its platter.
 */
import type { Prng } from '../../../shared/base/prng.ts';
import { makeZxid } from '../../../shared/znode/zxid.ts';
import type { EnsembleConfig, PeerMessage } from '../../../coordinator/zab/messages.ts';
import { Peer } from '../../../coordinator/zab/peer.ts';
import type { HistoryRead, PeerEvent, PeerOptions, PeerStart, ProposedBatch, Ready } from '../../../coordinator/zab/peer-types.ts';
import type { Applied, DiskOptions, Platter, Snapshot } from './disk.ts';
import { batchIdOf, bodyOf, Disk, encodeTree } from './disk.ts';
import type { HistoryOfAll, Operation } from './invariants.ts';
import type { Endpoint, Network } from './network.ts';
import type { Schedule } from '../schedule.ts';

/** What the simulated shell's members say to each other besides Zab. */
type App =
  | { kind: 'request'; operation: Operation }
  /** A client's connection begins here: what its earlier ones still have on the way counts no more. */
  | { kind: 'attach'; client: number; connection: number; member: number; life: number }
  | { kind: 'attached'; client: number; connection: number }
  | { kind: 'touch'; clients: number[] };

export interface Surroundings {
  schedule: Schedule;
  network: Network;
  prng: Prng;
  all: HistoryOfAll;
  peerOptions: Omit<PeerOptions, 'serverId' | 'peerType'>;
  diskOptions: DiskOptions;
  bodyBytesMax: number;
  sessionTimeoutMs: number;
  makePeer: (options: PeerOptions, start: PeerStart, nowMs: number) => Peer;
  /** Work as the (perhaps broken) shell hands it on. */
  makeDisk?: (disk: Disk) => Pick<Disk, 'begin'>;
  trace?: (line: string) => void;
  /** The member has a new role. */
  entered(member: Member): void;
  /** The process ended by itself: a failed disk. */
  ended(member: Member): void;
  acknowledged(member: Member, operation: Operation, batchId: number): void;
  attached(member: Member, client: number, connection: number): void;
  /** The member serves no more: its clients' connections end. */
  disconnectClients(member: Member): void;
}

export class Member implements Endpoint {
  readonly id: number;
  readonly life: number;
  readonly peer: Peer;
  readonly disk: Disk;
  tree: Applied[];
  isServing = false;
  /** Of this member's clock against the simulation's. */
  private readonly skewMs: number;
  private readonly world: Surroundings;
  private isAlive = true;
  private pausedInputs: (() => void)[] | null = null;
  private timerAtMs = Infinity;
  /** Leader: what the next batch will hold, and the counter of the last. */
  private inbox: Operation[] = [];
  private lastZxid = 0;
  private flushPlanned = false;
  /** Leader: the connection that may speak for each client, the sessions seen or on their way to end, when each was last heard. */
  private owners = new Map<number, { connection: number; member: number; life: number }>();
  private ending = new Set<number>();
  private touchedMs = new Map<number, number>();
  private readonly ended = new Set<number>();
  /** Snapshots that learners are being sent. */
  private readonly sending = new Map<number, Snapshot>();

  constructor(id: number, life: number, platter: Platter, peerType: 'participant' | 'observer', world: Surroundings) {
    this.id = id;
    this.life = life;
    this.world = world;
    this.skewMs = world.prng.int(1_000_000);
    this.disk = new Disk(platter, world.schedule, world.prng, world.diskOptions, {
      persisted: (seq, rebuilt) => this.input(() => this.persisted(seq, rebuilt)),
      failed: () => this.world.ended(this),
    });
    this.tree = platter.recoverTree();
    for (const { batchId } of this.tree) this.noteEnds(batchId);
    this.peer = world.makePeer({ ...world.peerOptions, serverId: id, peerType }, platter.start(), this.nowMs);
    world.network.join(this);
    this.drain();
  }

  get name(): string {
    return `${this.id}.${this.life}`;
  }

  private get nowMs(): number {
    return this.world.schedule.nowMs + this.skewMs;
  }

  // --- Inputs ---

  private input(act: () => void): void {
    if (!this.isAlive) return;
    if (this.pausedInputs !== null) {
      this.pausedInputs.push(act);
      return;
    }
    act();
    this.drain();
  }

  linkUp(peer: number): void {
    this.input(() => this.peer.linkUp(peer, this.nowMs));
  }

  linkDown(peer: number): void {
    this.input(() => this.peer.linkDown(peer, this.nowMs));
  }

  receive(from: number, message: PeerMessage): void {
    this.input(() => this.peer.step(from, message, this.nowMs));
  }

  private persisted(seq: number, rebuilt: Applied[] | null): void {
    if (rebuilt !== null) {
      this.tree = rebuilt;
      this.ended.clear();
      for (const { batchId } of this.tree) this.noteEnds(batchId);
    }
    this.peer.persisted(seq, this.nowMs);
  }

  /** The process stops without notice. */
  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.disk.crash();
    this.world.network.leave(this);
    this.world.disconnectClients(this);
  }

  pause(): void {
    this.pausedInputs ??= [];
  }

  resume(): void {
    const inputs = this.pausedInputs;
    this.pausedInputs = null;
    for (const act of inputs ?? []) this.input(act);
  }

  resign(): void {
    this.input(() => this.peer.resign('the simulation asks', this.nowMs));
  }

  get isPaused(): boolean {
    return this.pausedInputs !== null;
  }

  // --- What the core asks for ---

  private drain(): void {
    for (let ready = this.peer.ready(); ready !== null && this.isAlive; ready = this.peer.ready()) this.carryOut(ready);
    const wakeAtMs = this.peer.wakeAtMs() - this.skewMs;
    if (!this.isAlive || wakeAtMs >= this.timerAtMs) return;
    this.timerAtMs = wakeAtMs;
    // A timer is late, never early.
    this.world.schedule.at(wakeAtMs + 0.01, () => {
      if (this.timerAtMs !== wakeAtMs) return;
      this.input(() => {
        this.timerAtMs = Infinity;
        this.peer.tick(this.nowMs);
      });
      if (this.isPaused) this.timerAtMs = Infinity;
    });
  }

  private carryOut(ready: Ready): void {
    const { network, makeDisk } = this.world;
    if (ready.persist.length > 0) (makeDisk?.(this.disk) ?? this.disk).begin(ready.persist);
    for (const { to, message } of ready.send) {
      this.world.trace?.(`${this.name} -> ${to} ${message.type} ${traceOf(message)}`);
      network.send(this.id, to, message);
    }
    for (const read of ready.reads) this.read(read);
    for (const id of ready.disconnect) network.breakBetween(this.id, id);
    for (const event of ready.events) this.hear(event);
  }

  private hear(event: PeerEvent): void {
    switch (event.kind) {
      case 'role': {
        const { role, reason } = event;
        this.world.trace?.(`${this.name} ${role.state} ${role.phase} ${JSON.stringify(role)}: ${reason}`);
        this.world.entered(this);
        const serves = role.phase === 'BROADCAST';
        if (this.isServing && !serves) this.world.disconnectClients(this);
        this.isServing = serves;
        if (serves && role.state === 'LEADING') this.lead(role.epoch);
        else if (serves) this.world.all.serves(this.name, this.tree);
        return;
      }
      case 'committed':
        return this.apply(event.batch);
      case 'app':
        return this.app(event.from, event.payload as App);
      case 'notice':
        this.world.trace?.(`${this.name} notice: ${event.text}`);
        return;
      case 'config':
      case 'learner':
    }
  }

  private apply(batch: ProposedBatch): void {
    const { all } = this.world;
    const batchId = batchIdOf(batch);
    const applied = { zxid: batch.lastZxid, batchId };
    this.world.trace?.(`${this.name} commits ${applied.zxid.toString(16)} batch ${batchId}`);
    this.commitRecovered();
    all.commits(this.name, this.tree.length, applied);
    this.tree.push(applied);
    this.noteEnds(batchId);
    for (const operation of all.proposed.get(batchId)!) {
      if (operation.member !== this.id || operation.life !== this.life) continue;
      this.world.acknowledged(this, operation, batchId);
    }
  }

  /** What the tree was recovered with is committed when something after it is, or when this member leads with it. */
  private commitRecovered(): void {
    const { all } = this.world;
    for (let at = all.committed.length; at < this.tree.length; at++) all.commits(this.name, at, this.tree[at]!);
  }

  private noteEnds(batchId: number): void {
    for (const { kind, client } of this.world.all.proposed.get(batchId)!) {
      if (kind === 'close' || kind === 'expire') this.ended.add(client);
    }
  }

  hasEnded(client: number): boolean {
    return this.ended.has(client);
  }

  private read(read: HistoryRead): void {
    if (read.kind === 'snapshotDone') {
      this.sending.delete(read.to);
      return;
    }
    const { prng } = this.world;
    if (read.kind === 'batches') {
      this.disk.read(({ batches, logBaseZxid }) => {
        let answer: { fromZxid: number; batches: ProposedBatch[] } | null = null;
        if (read.afterZxid >= logBaseZxid && !(read.first && prng.int(10) === 0)) {
          const at = batches.findIndex(({ lastZxid }) => lastZxid > read.afterZxid);
          const first = at < 0 ? batches.length : at;
          const fromZxid = first === 0 ? logBaseZxid : batches[first - 1]!.lastZxid;
          let end = first;
          for (let bytes = 0; end < batches.length && bytes < read.bytesMax; end++) bytes += batches[end]!.body.length;
          // As the store has them: without what the message carried besides.
          const found = batches.slice(first, end).map(({ firstZxid, lastZxid, body }) => ({ firstZxid, lastZxid, body }));
          answer = { fromZxid, batches: found };
        }
        this.input(() => this.peer.historyRead(read.readId, answer, this.nowMs));
      });
      return;
    }
    this.disk.read((platter) => {
      if (read.position === 0) {
        if ((platter.snapshots.at(-1)?.zxid ?? -1) < read.atLeastZxid) this.takeSnapshot();
        const newest = platter.snapshots.at(-1);
        if (newest !== undefined && newest.zxid >= read.atLeastZxid) this.sending.set(read.to, newest);
      }
      const snapshot = this.sending.get(read.to);
      const bytes = snapshot === undefined ? new Uint8Array(0) : encodeTree(snapshot.tree);
      const piece = bytes.subarray(read.position, read.position + read.bytesMax);
      const last = read.position + piece.length === bytes.length;
      const answer = snapshot === undefined ? null : { zxid: snapshot.zxid, bytes: piece, last };
      this.input(() => this.peer.snapshotRead(read.readId, answer, this.nowMs));
    });
  }

  /** Of the tree as it is; the log before the snapshot before it goes. Not by a member that may hold what nobody committed. */
  takeSnapshot(): void {
    const zxid = this.tree.at(-1)?.zxid ?? 0;
    const { platter } = this.disk;
    if (!this.isServing || zxid <= (platter.snapshots.at(-1)?.zxid ?? 0) || zxid > platter.lastZxid) return;
    platter.snapshots.push({ zxid, tree: [...this.tree] });
    if (platter.snapshots.length <= 2) return;
    platter.snapshots.shift();
    platter.logBaseZxid = platter.snapshots[0]!.zxid;
    platter.batches = platter.batches.filter(({ lastZxid }) => lastZxid > platter.logBaseZxid);
    this.peer.pruned(platter.logBaseZxid);
  }

  // --- Clients ---

  /** A client's connection begins: the leader has to know before its requests come. */
  attach(client: number, connection: number): void {
    const app: App = { kind: 'attach', client, connection, member: this.id, life: this.life };
    this.input(() => this.toLeader(app));
  }

  request(operation: Operation): void {
    this.input(() => this.toLeader({ kind: 'request', operation }));
  }

  /** What this member's clients said since the last time. */
  touch(clients: number[]): void {
    this.input(() => this.toLeader({ kind: 'touch', clients }));
  }

  private toLeader(app: App): void {
    const { role } = this.peer;
    if (role.phase !== 'BROADCAST') return;
    if (role.state === 'LEADING') this.app(this.id, app);
    else this.peer.sendApp(role.leader, app);
  }

  private app(from: number, app: App): void {
    switch (app.kind) {
      case 'attached':
        return this.world.attached(this, app.client, app.connection);
      case 'touch':
        for (const client of app.clients) this.touchedMs.set(client, this.nowMs);
        return;
      case 'attach': {
        const { client, connection, member, life } = app;
        const before = this.owners.get(client);
        if (before !== undefined && before.connection >= connection) return;
        this.owners.set(client, { connection, member, life });
        this.touchedMs.set(client, this.nowMs);
        const answer: App = { kind: 'attached', client, connection };
        if (from === this.id) this.app(this.id, answer);
        else this.peer.sendApp(from, answer);
        return;
      }
      case 'request': {
        const { client, connection, kind } = app.operation;
        // SESSIONMOVED, or SESSIONEXPIRED.
        if (this.owners.get(client)?.connection !== connection || this.ending.has(client)) return;
        this.touchedMs.set(client, this.nowMs);
        if (kind === 'close') this.ending.add(client);
        this.inbox.push(app.operation);
        this.planFlush();
      }
    }
  }

  // --- Leading ---

  private lead(epoch: number): void {
    this.world.all.leads(epoch, this.name, this.tree);
    this.commitRecovered();
    this.lastZxid = makeZxid(epoch, 0);
    this.inbox = [];
    this.owners = new Map();
    this.ending = new Set(this.ended);
    this.touchedMs = new Map();
  }

  private get isLeading(): boolean {
    return this.peer.role.state === 'LEADING' && this.peer.role.phase === 'BROADCAST';
  }

  private planFlush(): void {
    if (this.flushPlanned) return;
    this.flushPlanned = true;
    this.world.schedule.after(this.world.prng.next() * 2, () => {
      this.flushPlanned = false;
      this.input(() => this.flush());
    });
  }

  private flush(): void {
    if (!this.isLeading || this.inbox.length === 0) return;
    const operations = this.inbox;
    this.inbox = [];
    const { all, prng, bodyBytesMax } = this.world;
    const batchId = all.newBatch(operations);
    const firstZxid = this.lastZxid + 1;
    this.lastZxid += operations.length;
    const body = bodyOf(batchId, prng.int(bodyBytesMax));
    this.peer.propose({ firstZxid, lastZxid: this.lastZxid, body }, this.nowMs);
  }

  /** Ends sessions that were not heard of for their timeout. */
  expireSessions(): void {
    this.input(() => {
      if (!this.isLeading) return;
      for (const [client, atMs] of this.touchedMs) {
        if (this.nowMs - atMs < this.world.sessionTimeoutMs || this.ending.has(client)) continue;
        this.ending.add(client);
        this.inbox.push({ kind: 'expire', client, connection: 0, seq: 0, member: this.id, life: this.life });
        this.planFlush();
      }
    });
  }

  /** Proposes the ensemble that `change` makes of the present one, if it may be. */
  reconfigure(change: (config: EnsembleConfig) => EnsembleConfig): void {
    this.input(() => {
      if (!this.isLeading || this.peer.pendingConfig !== null) return;
      this.flush();
      const config = { ...change(this.peer.config), version: this.lastZxid + 1 };
      if (!this.isLeading || !this.peer.isQuorumSynced(config)) return;
      const { all } = this.world;
      const operation: Operation = { kind: 'reconfig', client: 0, connection: 0, seq: 0, member: this.id, life: this.life };
      const batchId = all.newBatch([operation], () => config);
      this.lastZxid++;
      const zxid = this.lastZxid;
      this.peer.propose({ firstZxid: zxid, lastZxid: zxid, body: bodyOf(batchId, 4), config }, this.nowMs);
    });
  }
}

function traceOf(message: PeerMessage): string {
  const { type: _type, ...fields } = message as PeerMessage & { body?: unknown };
  return JSON.stringify(fields, (key, value: unknown) => (key === 'body' || key === 'bytes' || key === 'config' ? undefined : value));
}
