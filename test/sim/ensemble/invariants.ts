/**
 * What the simulation knows and no member does: every batch that was ever proposed, the one sequence of those that were
 * committed, and the invariants that hold between them, by name. Each breach throws at the step at which it happens.
 */
import { epochOf, formatZxid } from '../../../shared/znode/zxid.ts';
import type { EnsembleConfig } from '../../../coordinator/zab/messages.ts';
import { Quorum } from '../../../coordinator/zab/quorum.ts';
import type { Applied, Platter } from './disk.ts';

export type InvariantName =
  | 'SingleLeaderPerEpoch'
  | 'CommittedByQuorum'
  | 'CommittedNeverLost'
  | 'EqualPrefixes'
  | 'ZxidsRise'
  | 'NoDirtyReads'
  | 'AcknowledgedNeverLost'
  | 'ClientFifo'
  | 'ClosedSessionsStayClosed'
  | 'ExpiredOnlyByQuorum'
  | 'Progress'
  | 'NoBrokenAssertion';

export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
  readonly invariant: InvariantName;
  constructor(invariant: InvariantName, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

export interface Operation {
  kind: 'write' | 'close' | 'expire' | 'reconfig';
  client: number;
  /** The client's connection, numbered upwards, and the place among its requests. */
  connection: number;
  seq: number;
  /** Where the client's connection ends, and in which life of that process. */
  member: number;
  life: number;
}

export class HistoryOfAll {
  readonly committed: Applied[] = [];
  readonly proposed = new Map<number, readonly Operation[]>();
  ackCount = 0;
  private lastBatchId = 0;
  private readonly leaders = new Map<number, string>();
  private readonly acked: { operation: Operation; batchId: number }[] = [];
  private readonly committedIds = new Map<number, number>();
  private readonly lastOf = new Map<number, { connection: number; seq: number }>();
  private readonly closed = new Set<number>();
  private config: EnsembleConfig;
  private readonly configs = new Map<number, EnsembleConfig>();
  private readonly platters: readonly ReadonlyMap<number, Platter>[];

  constructor(config: EnsembleConfig, platters: readonly ReadonlyMap<number, Platter>[]) {
    this.config = config;
    this.platters = platters;
  }

  newBatch(operations: readonly Operation[], configOf?: (batchId: number) => EnsembleConfig): number {
    const batchId = ++this.lastBatchId;
    this.proposed.set(batchId, operations);
    if (configOf !== undefined) this.configs.set(batchId, configOf(batchId));
    return batchId;
  }

  leads(epoch: number, who: string, tree: readonly Applied[]): void {
    const before = this.leaders.get(epoch);
    if (before !== undefined && before !== who) {
      throw new InvariantBroken('SingleLeaderPerEpoch', `${before} and ${who} both lead epoch ${epoch}`);
    }
    this.leaders.set(epoch, who);
    // What later epochs have committed since, a leader that learns late of its quorum can't know: nor can it commit any more.
    const lost = this.committed[tree.length];
    if (lost !== undefined && epochOf(lost.zxid) < epoch) {
      const what = `${who} leads epoch ${epoch} without ${formatZxid(lost.zxid)}, which was committed`;
      throw new InvariantBroken('CommittedNeverLost', what);
    }
    this.agrees(who, tree);
  }

  /** A member serves with this tree: it is a beginning of what was committed. */
  serves(who: string, tree: readonly Applied[]): void {
    this.agrees(who, tree);
    const stray = tree[this.committed.length];
    if (stray !== undefined) throw new InvariantBroken('NoDirtyReads', `${who} serves ${show(stray)}, which nobody committed`);
  }

  /** Either is a beginning of the other. */
  agrees(who: string, tree: readonly Applied[]): void {
    const length = Math.min(tree.length, this.committed.length);
    for (let at = 0; at < length; at++) {
      const mine = tree[at]!;
      const all = this.committed[at]!;
      if (mine.zxid !== all.zxid || mine.batchId !== all.batchId) {
        throw new InvariantBroken('EqualPrefixes', `${who} holds ${show(mine)} where ${show(all)} was committed`);
      }
    }
  }

  /** `who` was told that this batch is committed, as number `at` of its tree. */
  commits(who: string, at: number, applied: Applied): void {
    const known = this.committed[at];
    if (known !== undefined) {
      if (known.zxid === applied.zxid && known.batchId === applied.batchId) return;
      throw new InvariantBroken('EqualPrefixes', `${who} commits ${show(applied)} where ${show(known)} was committed`);
    }
    if (at !== this.committed.length) {
      const what = `${who} commits ${show(applied)} as number ${at}, and ${this.committed.length} are committed`;
      throw new InvariantBroken('EqualPrefixes', what);
    }
    const last = this.committed.at(-1);
    if (last !== undefined && last.zxid >= applied.zxid) {
      throw new InvariantBroken('ZxidsRise', `${who} commits ${show(applied)} after ${show(last)}`);
    }
    this.checkQuorum(who, applied);
    this.committed.push(applied);
    this.committedIds.set(applied.batchId, at);
    for (const operation of this.proposed.get(applied.batchId)!) this.commitOperation(who, operation, applied);
    const config = this.configs.get(applied.batchId);
    if (config !== undefined) this.config = config;
  }

  private checkQuorum(who: string, applied: Applied): void {
    const holds = (id: number): boolean =>
      this.platters.some((platters) => platters.get(id)?.holds(applied.zxid, applied.batchId) === true);
    const next = this.configs.get(applied.batchId);
    if (new Quorum(this.config).contains(holds) && (next === undefined || new Quorum(next).contains(holds))) return;
    const there = [...this.platters[0]!.keys()].filter(holds);
    const what = `${who} commits ${show(applied)}, which is on the disks of ${there.join(', ') || 'nobody'}`;
    throw new InvariantBroken('CommittedByQuorum', what);
  }

  private commitOperation(who: string, { kind, client, connection, seq }: Operation, applied: Applied): void {
    if (kind === 'reconfig') return;
    if (this.closed.has(client)) {
      const what = `${who} commits ${kind} of client ${client} in ${show(applied)} after its end`;
      throw new InvariantBroken('ClosedSessionsStayClosed', what);
    }
    if (kind === 'close' || kind === 'expire') {
      this.closed.add(client);
      return;
    }
    const last = this.lastOf.get(client);
    if (last !== undefined) {
      const follows = connection > last.connection ? seq > last.seq : connection === last.connection && seq === last.seq + 1;
      if (!follows) {
        throw new InvariantBroken(
          'ClientFifo',
          `request ${connection}/${seq} of client ${client} is committed after ${last.connection}/${last.seq}`,
        );
      }
    }
    this.lastOf.set(client, { connection, seq });
  }

  acknowledge(operation: Operation, batchId: number): void {
    this.ackCount++;
    this.acked.push({ operation, batchId });
    if (!this.committedIds.has(batchId)) {
      throw new InvariantBroken('AcknowledgedNeverLost', `batch ${batchId} was acknowledged and is not committed`);
    }
  }

  /** `who` saw that the session of `client` is over. */
  sawExpired(who: string, client: number): void {
    if (!this.closed.has(client)) {
      throw new InvariantBroken('ExpiredOnlyByQuorum', `${who} ended the session of client ${client} alone`);
    }
  }

  /** At the end, all faults healed: every member has everything. */
  checkEnd(who: string, tree: readonly Applied[]): void {
    this.agrees(who, tree);
    if (tree.length !== this.committed.length) {
      throw new InvariantBroken('Progress', `${who} ends with ${tree.length} of ${this.committed.length} committed batches`);
    }
    const ids = new Set(tree.map(({ batchId }) => batchId));
    for (const { operation, batchId } of this.acked) {
      if (ids.has(batchId)) continue;
      throw new InvariantBroken('AcknowledgedNeverLost', `${who} lacks request ${operation.seq} of client ${operation.client}`);
    }
  }
}

function show({ zxid, batchId }: Applied): string {
  return `${formatZxid(zxid)} (epoch ${epochOf(zxid)}, batch ${batchId})`;
}
