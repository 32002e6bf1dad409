/**
 * A simulated disk. Work is done in order and in groups, as the store does it: what comes while a group is on its way to the platter
 * is the next group. A crash leaves any beginning of the work that was not reported yet (a torn
 * batch, whose checksum gives it away, counts as not written). A failing fsync ends the process. Reads stand in the same queue.
 */
import { assert } from '../../../shared/base/assert.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import { isConfig } from '../../../coordinator/zab/messages.ts';
import type { EnsembleConfig } from '../../../coordinator/zab/messages.ts';
import type { DiskWork, PeerStart, ProposedBatch } from '../../../coordinator/zab/peer-types.ts';
import type { Schedule } from '../schedule.ts';

/** The tree, as far as the simulation needs one: which batches made it, in order. */
export type Tree = readonly Applied[];
export interface Applied {
  zxid: number;
  /** Which batch this is, among all that were ever proposed. */
  batchId: number;
}

export interface Snapshot {
  zxid: number;
  tree: Tree;
}

export interface DiskOptions {
  latencyMaxMs: number;
  /** A disk, or a shell, that lies: it reports what it was handed before it is there. */
  reportsEarly: boolean;
}

/** What survives a crash. */
export class Platter {
  acceptedEpoch = 0;
  currentEpoch = 0;
  config: EnsembleConfig;
  pendingConfig: EnsembleConfig | null = null;
  batches: ProposedBatch[] = [];
  snapshots: Snapshot[] = [];
  /** The end of what was pruned from the log's beginning. */
  logBaseZxid = 0;

  constructor(config: EnsembleConfig) {
    this.config = config;
  }

  get lastZxid(): number {
    return Math.max(this.batches.at(-1)?.lastZxid ?? 0, this.snapshots.at(-1)?.zxid ?? 0, this.logBaseZxid);
  }

  holds(zxid: number, batchId: number): boolean {
    const batch = findByZxid(this.batches, zxid, ({ lastZxid }) => lastZxid);
    if (batch !== undefined) return batchIdOf(batch) === batchId;
    return findByZxid(this.snapshots.at(-1)?.tree ?? [], zxid, (applied) => applied.zxid)?.batchId === batchId;
  }

  /** The newest snapshot and the log after it. */
  recoverTree(): Applied[] {
    const snapshot = this.snapshots.at(-1);
    const tree = snapshot === undefined ? [] : [...snapshot.tree];
    for (const batch of this.batches) {
      if (batch.lastZxid > (snapshot?.zxid ?? 0)) tree.push({ zxid: batch.lastZxid, batchId: batchIdOf(batch) });
    }
    return tree;
  }

  start(): PeerStart {
    const { acceptedEpoch, currentEpoch, config, pendingConfig, lastZxid } = this;
    const truncateFloorZxid = this.logBaseZxid === 0 ? 0 : this.snapshots[0]!.zxid;
    return { acceptedEpoch, currentEpoch, lastZxid, truncateFloorZxid, config, pendingConfig };
  }
}

type Queued = { kind: 'work'; work: DiskWork } | { kind: 'read'; run: (platter: Platter) => void };

export class Disk {
  readonly platter: Platter;
  /** The next fsync fails. */
  fails = false;
  slowFactor = 1;
  private readonly schedule: Schedule;
  private readonly prng: Prng;
  private readonly options: DiskOptions;
  private readonly persisted: (seq: number, rebuilt: Applied[] | null) => void;
  private readonly failed: () => void;
  private queue: Queued[] = [];
  private group: Queued[] = [];
  private incoming: { zxid: number; pieces: Uint8Array[] } | null = null;
  private isOn = true;

  constructor(
    platter: Platter,
    schedule: Schedule,
    prng: Prng,
    options: DiskOptions,
    reports: { persisted(seq: number, rebuilt: Applied[] | null): void; failed(): void },
  ) {
    this.platter = platter;
    this.schedule = schedule;
    this.prng = prng;
    this.options = options;
    this.persisted = reports.persisted;
    this.failed = reports.failed;
  }

  begin(work: readonly DiskWork[]): void {
    for (const one of work) this.queue.push({ kind: 'work', work: one });
    const last = work.at(-1);
    if (this.options.reportsEarly && last !== undefined && ![...this.group, ...this.queue].some(isRebuild)) {
      this.schedule.after(0, () => {
        if (this.isOn) this.persisted(last.seq, null);
      });
    }
    this.go();
  }

  read(run: (platter: Platter) => void): void {
    this.queue.push({ kind: 'read', run });
    this.go();
  }

  private go(): void {
    if (this.group.length > 0 || this.queue.length === 0) return;
    this.group = this.queue;
    this.queue = [];
    const x = this.prng.next();
    this.schedule.after(this.options.latencyMaxMs * x * x * this.slowFactor, () => {
      if (this.isOn) this.finish();
    });
  }

  private finish(): void {
    if (this.fails) {
      this.crash();
      return this.failed();
    }
    const { group } = this;
    this.group = [];
    let seq = 0;
    let rebuilt: Applied[] | null = null;
    const reads: ((platter: Platter) => void)[] = [];
    for (const queued of group) {
      if (queued.kind === 'read') {
        reads.push(queued.run);
        continue;
      }
      this.apply(queued.work);
      seq = queued.work.seq;
      // As of this piece of work: what follows it in the group is not applied yet.
      const { work } = queued;
      if ((work.kind === 'truncate' && work.rebuild) || work.kind === 'snapshotEnd') rebuilt = this.platter.recoverTree();
    }
    if (seq > 0) this.persisted(seq, rebuilt);
    for (const run of reads) if (this.isOn) run(this.platter);
    this.go();
  }

  /** The machine stops: some of the work on its way had reached the platter, in order. */
  crash(): void {
    if (!this.isOn) return;
    this.isOn = false;
    const work = this.group.flatMap((queued) => (queued.kind === 'work' ? [queued.work] : []));
    for (const one of work.slice(0, this.prng.int(work.length + 1))) this.apply(one);
  }

  private apply(work: DiskWork): void {
    const { platter } = this;
    switch (work.kind) {
      case 'append':
        assert(work.batch.firstZxid > platter.lastZxid, 'a log grows');
        platter.batches.push(work.batch);
        return;
      case 'epochs':
        platter.acceptedEpoch = work.acceptedEpoch;
        platter.currentEpoch = work.currentEpoch;
        return;
      case 'config':
        assert(isConfig(work.config), 'a config is one');
        platter.config = work.config;
        platter.pendingConfig = work.pendingConfig;
        return;
      case 'truncate':
        platter.batches = platter.batches.filter(({ lastZxid }) => lastZxid <= work.zxid);
        platter.snapshots = platter.snapshots.filter(({ zxid }) => zxid <= work.zxid);
        assert(platter.lastZxid === work.zxid, 'a TRUNC ends where a batch ends');
        return;
      case 'snapshotBegin':
        this.incoming = { zxid: work.zxid, pieces: [] };
        return;
      case 'snapshotChunk':
        assert(this.incoming !== null, 'a chunk comes after the beginning');
        this.incoming.pieces.push(work.bytes);
        return;
      case 'snapshotEnd':
        assert(this.incoming !== null && this.incoming.zxid === work.zxid, 'a snapshot ends that began');
        platter.snapshots = [{ zxid: work.zxid, tree: decodeTree(this.incoming.pieces) }];
        platter.batches = [];
        platter.logBaseZxid = work.zxid;
        this.incoming = null;
        return;
      case 'snapshotAbort':
        this.incoming = null;
    }
  }
}

function isRebuild(queued: Queued): boolean {
  return queued.kind === 'work' && (queued.work.kind === 'truncate' || queued.work.kind === 'snapshotEnd');
}

/** The one with this zxid, in a list that rises. */
function findByZxid<T>(list: readonly T[], zxid: number, zxidOf: (item: T) => number): T | undefined {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (zxidOf(list[middle]!) < zxid) low = middle + 1;
    else high = middle;
  }
  const found = list[low];
  return found !== undefined && zxidOf(found) === zxid ? found : undefined;
}

/** A batch's body begins with its number. */
export function batchIdOf({ body }: { body: Uint8Array }): number {
  return body[0]! | (body[1]! << 8) | (body[2]! << 16) | (body[3]! << 24);
}

export function bodyOf(batchId: number, size: number): Uint8Array {
  const body = new Uint8Array(Math.max(4, size));
  body[0] = batchId;
  body[1] = batchId >> 8;
  body[2] = batchId >> 16;
  body[3] = batchId >> 24;
  return body;
}

export function encodeTree(tree: Tree): Uint8Array {
  const numbers = new Float64Array(tree.length * 2);
  for (const [at, { zxid, batchId }] of tree.entries()) {
    numbers[at * 2] = zxid;
    numbers[at * 2 + 1] = batchId;
  }
  return new Uint8Array(numbers.buffer);
}

function decodeTree(pieces: readonly Uint8Array[]): Tree {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const numbers = new Float64Array(bytes.buffer);
  const tree: Applied[] = [];
  for (let index = 0; index < numbers.length; index += 2) tree.push({ zxid: numbers[index]!, batchId: numbers[index + 1]! });
  return tree;
}
