import { expect } from 'chai';
import fc from 'fast-check';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import type { MultiOp, WriteRequest } from '../../../shared/znode/operations.ts';
import { applyTxn } from '../../../coordinator/tree/apply.ts';
import { DataTree } from '../../../coordinator/tree/data-tree.ts';
import { encodeSnapshot, SnapshotDecoder } from '../../../coordinator/tree/snapshot.ts';
import { readTxns, writeTxn } from '../../../coordinator/tree/txn-codec.ts';
import { statOf } from '../../../coordinator/tree/znode.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import { contentOf, create, TreeDriver } from './tree-driver.ts';

/** The tree as simply as one can say it: a map of paths, checked in full for each request. */
class Model {
  readonly nodes = new Map<string, { data: string | null; version: number; creations: number; owner: bigint }>();

  constructor() {
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
      this.nodes.set(path, { data: '', version: 0, creations: 0, owner: 0n });
    }
  }

  children(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.nodes.keys()].filter((other) => other !== '/' && other.startsWith(prefix) && !other.slice(prefix.length).includes('/'));
  }

  /** True when the request was carried out. */
  run(request: WriteRequest, sessionId: bigint): boolean {
    switch (request.op) {
      case 'create': {
        const parentPath = request.path.slice(0, request.path.lastIndexOf('/')) || '/';
        const parent = this.nodes.get(parentPath);
        if (parent === undefined || parent.owner !== 0n) return false;
        const sequential = request.mode === CreateMode.PERSISTENT_SEQUENTIAL || request.mode === CreateMode.EPHEMERAL_SEQUENTIAL;
        const path = sequential ? request.path + String(parent.creations).padStart(10, '0') : request.path;
        if (this.nodes.has(path)) return false;
        parent.creations++;
        const ephemeral = request.mode === CreateMode.EPHEMERAL || request.mode === CreateMode.EPHEMERAL_SEQUENTIAL;
        const data = request.data === null ? null : Buffer.from(request.data).toString('hex');
        this.nodes.set(path, { data, version: 0, creations: 0, owner: ephemeral ? sessionId : 0n });
        return true;
      }
      case 'delete': {
        const node = this.nodes.get(request.path);
        if (node === undefined || (request.version !== -1 && request.version !== node.version)) return false;
        if (this.children(request.path).length > 0) return false;
        return this.nodes.delete(request.path);
      }
      case 'setData': {
        const node = this.nodes.get(request.path);
        if (node === undefined || (request.version !== -1 && request.version !== node.version)) return false;
        node.data = request.data === null ? null : Buffer.from(request.data).toString('hex');
        node.version++;
        return true;
      }
      case 'check': {
        const node = this.nodes.get(request.path);
        return node !== undefined && (request.version === -1 || request.version === node.version);
      }
      case 'multi': {
        const before = structuredClone(this.nodes);
        if (request.ops.every((op) => this.run(op, sessionId))) return true;
        this.nodes.clear();
        for (const [path, node] of before) this.nodes.set(path, node);
        return false;
      }
      default:
        return false;
    }
  }

  close(sessionId: bigint): void {
    for (const [path, { owner }] of this.nodes) if (owner === sessionId) this.nodes.delete(path);
  }
}

const path = fc.array(fc.constantFrom('a', 'b', 'a-name-longer-than-13'), { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const version = fc.constantFrom(-1, -1, -1, 0, 1);
const data = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null });
const op: fc.Arbitrary<MultiOp> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ path, data, mode: fc.constantFrom<CreateMode>(0, 0, 1, 2, 3) }).map((r) => create(r.path, r)) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), path, version }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('setData' as const), path, data, version }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('check' as const), path, version }) },
);
type Step = { kind: 'request'; sessionId: bigint; request: WriteRequest } | { kind: 'close'; sessionId: bigint } | { kind: 'commit'; count: number };
const sessionId = fc.constantFrom(1n, 2n);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('request' as const), sessionId, request: op }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      sessionId,
      request: fc.array(op, { maxLength: 4 }).map((ops): WriteRequest => ({ op: 'multi', ops })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), sessionId }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const), count: fc.integer({ min: 1, max: 5 }) }) },
);

function play(steps: readonly Step[], driver: TreeDriver, model?: Model): void {
  for (const one of steps) {
    if (one.kind === 'commit') {
      driver.commit(one.count);
      continue;
    }
    driver.sessionId = one.sessionId;
    if (one.kind === 'close') {
      driver.proposeClose(one.sessionId);
      model?.close(one.sessionId);
      continue;
    }
    const body = driver.propose(one.request);
    const done = body.type === 'multi' ? body.parts.every(({ type }) => type !== 'error') : body.type !== 'error';
    if (model !== undefined) expect(model.run(one.request, one.sessionId), JSON.stringify(one.request)).to.equal(done);
  }
}

describe('prepare and apply', () => {
  it('agree with a map of paths, whatever is in flight', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const driver = new TreeDriver();
        const model = new Model();
        play(steps, driver, model);
        driver.commit();
        expect(driver.outstanding.size).to.equal(0);
        for (const [p, expected] of model.nodes) {
          const node = driver.tree.get(p);
          expect(node, p).to.not.equal(undefined);
          const stat = statOf(node!);
          expect(stat.ephemeralOwner, p).to.equal(expected.owner);
          expect(stat.version, p).to.equal(expected.version);
          expect(stat.numChildren, p).to.equal(model.children(p).length);
          expect(stat.dataLength, p).to.equal((expected.data ?? '').length / 2);
        }
        expect(driver.tree.nodeCount).to.equal(model.nodes.size);
        const owned = [...model.nodes.values()].filter(({ owner }) => owner !== 0n).length;
        expect(driver.tree.ephemeralCount).to.equal(owned);
      }),
      { numRuns: 300 },
    );
  });

  it('give the same tree again from the log, from a snapshot, and from a snapshot taken meanwhile', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 10 }), (first, meanwhile, last) => {
        const driver = new TreeDriver();
        play(first, driver);
        driver.commit();
        const zxid = driver.tree.lastZxid;
        // Fuzzy on purpose: the iterator stops before each znode, transactions go on in between.
        const pieces: Buffer[] = [];
        const encoder = encodeSnapshot(driver.tree, 1);
        const rest = [...meanwhile];
        for (const piece of encoder) {
          pieces.push(Buffer.from(piece));
          play(rest.splice(0, 3), driver);
          driver.commit();
        }
        play([...rest, ...last], driver);
        driver.commit();

        const writer = new Writer();
        for (const txn of driver.log) writeTxn(writer, txn);
        const txns = [...readTxns(writer.finish())];
        const replayed = new DataTree();
        for (const txn of txns) applyTxn(replayed, txn, null);
        expect(contentOf(replayed)).to.deep.equal(contentOf(driver.tree));

        const decoder = new SnapshotDecoder();
        for (const piece of pieces) decoder.push(piece);
        for (const txn of txns) if (txn.zxid > zxid) applyTxn(decoder.tree, txn, null);
        expect(contentOf(decoder.tree)).to.deep.equal(contentOf(driver.tree));
      }),
      { numRuns: 300 },
    );
  });
});

describe('statOf', () => {
  it('counts as the original does, for the znodes of a fresh server too', () => {
    const driver = new TreeDriver();
    expect(statOf(driver.tree.root)).to.include({ cversion: -1, numChildren: 1, czxid: 0 });
    expect(statOf(driver.tree.get('/zookeeper')!)).to.include({ cversion: -2, numChildren: 2 });
    driver.run(create('/a', { data: Buffer.from('abc') }));
    driver.run(create('/a/b'));
    driver.run(create('/a/c'));
    driver.run({ op: 'delete', path: '/a/b', version: -1 });
    driver.run({ op: 'setData', path: '/a', data: Buffer.from('hello'), version: 0 });
    expect(statOf(driver.tree.get('/a')!)).to.deep.equal({
      czxid: 1,
      mzxid: 5,
      pzxid: 4,
      ctime: 1_000_001,
      mtime: 1_000_005,
      version: 1,
      cversion: 3,
      aversion: 0,
      ephemeralOwner: 0n,
      dataLength: 5,
      numChildren: 1,
    });
  });
});
