import { expect } from 'chai';
import type { WritingClient } from '../../../broker/controller/fenced-writes.ts';
import { ControllerMovedError, FencedWriter } from '../../../broker/controller/fenced-writes.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { MultiOp, MultiResult } from '../../../shared/znode/operations.ts';

/** A tree of paths that answers multis as the coordinator does. */
class Tree implements WritingClient {
  readonly paths = new Set(['/controller_epoch', '/t']);
  readonly multis: string[][] = [];
  epochVersion = 7;
  /** Called before a multi is carried out: somebody else's doing. */
  meanwhile: (() => void) | null = null;

  async multi(ops: readonly MultiOp[]): Promise<readonly MultiResult[]> {
    this.multis.push(ops.map((op) => `${op.op} ${op.path}`));
    const { meanwhile } = this;
    this.meanwhile = null;
    meanwhile?.();
    const next = new Set(this.paths);
    for (const [index, op] of ops.entries()) {
      const error = this.carryOut(next, op);
      if (error === ErrorCode.OK) continue;
      const results = ops.map((_, at) => ({
        op: 'error' as const,
        error: at < index ? 0 : at === index ? error : ErrorCode.RUNTIMEINCONSISTENCY,
      }));
      throw new CoordinatorError(error, op.path, { results });
    }
    this.paths.clear();
    for (const path of next) this.paths.add(path);
    return [];
  }

  private carryOut(paths: Set<string>, op: MultiOp): number {
    const isThere = paths.has(op.path);
    if (op.op === 'check') return op.version === this.epochVersion ? ErrorCode.OK : ErrorCode.BADVERSION;
    if (op.op === 'setData') return isThere ? ErrorCode.OK : ErrorCode.NONODE;
    if (op.op === 'delete') {
      if (!isThere) return ErrorCode.NONODE;
      if ([...paths].some((path) => path.startsWith(`${op.path}/`))) return ErrorCode.NOTEMPTY;
      paths.delete(op.path);
      return ErrorCode.OK;
    }
    if (isThere) return ErrorCode.NODEEXISTS;
    paths.add(op.path);
    return ErrorCode.OK;
  }

  async exists(path: string): Promise<never> {
    return (this.paths.has(path) ? {} : null) as never;
  }

  async getChildren(path: string): Promise<never> {
    if (!this.paths.has(path)) throw new CoordinatorError(ErrorCode.NONODE, path);
    const below = [...this.paths]
      .filter((other) => other.startsWith(`${path}/`))
      .map((other) => other.slice(path.length + 1));
    return { children: below.filter((name) => !name.includes('/')) } as never;
  }
}

describe('FencedWriter', () => {
  let tree: Tree;
  let writer: FencedWriter;
  beforeEach(() => {
    tree = new Tree();
    writer = new FencedWriter(tree, { controllerEpoch: 3, zkVersion: 7 });
  });

  it('puts a check of the epoch before the writes', async () => {
    await writer.write([
      { op: 'create', path: '/t/p', data: null },
      { op: 'set', path: '/t', data: Buffer.alloc(0), version: -1 },
    ]);
    expect(tree.multis).to.deep.equal([['check /controller_epoch', 'create /t/p', 'setData /t']]);
  });

  it('resigns when another controller took over, and writes nothing', async () => {
    tree.epochVersion = 8;
    const outcome = await writer.write([{ op: 'create', path: '/t/p', data: null }]).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ControllerMovedError);
    expect(tree.paths.has('/t/p')).to.equal(false);
  });

  it('makes sure of a znode, whether it is there or not', async () => {
    await writer.write([
      { op: 'ensure', path: '/t/p' },
      { op: 'create', path: '/t/p/0', data: null },
    ]);
    await writer.write([
      { op: 'ensure', path: '/t/p' },
      { op: 'create', path: '/t/p/1', data: null },
    ]);
    expect([...tree.paths]).to.include.members(['/t/p/0', '/t/p/1']);
  });

  it('passes on that a znode is there which must not be', async () => {
    const outcome = await writer.write([{ op: 'create', path: '/t', data: null }]).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(CoordinatorError).and.to.have.property('code', ErrorCode.NODEEXISTS);
    expect(tree.multis).to.have.length(1);
  });

  it('deletes a tree from its leaves, also when it grows meanwhile, and one that is not there', async () => {
    for (const path of ['/t/a', '/t/a/b', '/t/c']) tree.paths.add(path);
    tree.meanwhile = () => tree.paths.add('/t/a/new');
    await writer.write([{ op: 'deleteTree', path: '/t' }]);
    expect([...tree.paths]).to.deep.equal(['/controller_epoch']);
    expect(tree.multis[0]).to.deep.equal([
      'check /controller_epoch',
      'delete /t/a/b',
      'delete /t/c',
      'delete /t/a',
      'delete /t',
    ]);
    await writer.write([{ op: 'deleteTree', path: '/t' }]);
  });

  it('cuts what is too much for one multi, each part fenced', async () => {
    const writes = Array.from({ length: 2500 }, (_, n) => ({ op: 'create' as const, path: `/t/${n}`, data: null }));
    await writer.write(writes);
    expect(tree.multis.map((ops) => [ops[0], ops.length])).to.deep.equal([
      ['check /controller_epoch', 1001],
      ['check /controller_epoch', 1001],
      ['check /controller_epoch', 501],
    ]);
  });
});
