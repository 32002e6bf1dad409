import { expect } from 'chai';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { ZnodeOffsets } from '../../../broker/group/legacy-offsets.ts';

/** The three calls that are used, on a map. */
class MemoryTree {
  readonly znodes = new Map<string, string>();

  create = (path: string, data: unknown): Promise<string> => {
    if (this.znodes.has(path)) return Promise.reject(new CoordinatorError(ErrorCode.NODEEXISTS, path));
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '' && !this.znodes.has(parent)) return Promise.reject(new CoordinatorError(ErrorCode.NONODE, path));
    this.znodes.set(path, String(data));
    return Promise.resolve(path);
  };

  setData = (path: string, data: unknown): Promise<never> => {
    if (!this.znodes.has(path)) return Promise.reject(new CoordinatorError(ErrorCode.NONODE, path));
    this.znodes.set(path, String(data));
    return Promise.resolve(undefined as never);
  };

  getData = (path: string): Promise<never> => {
    const text = this.znodes.get(path);
    if (text === undefined) return Promise.reject(new CoordinatorError(ErrorCode.NONODE, path));
    return Promise.resolve({ data: Buffer.from(text) } as never);
  };
}

describe('ZnodeOffsets', () => {
  it('keeps an offset in /consumers/<group>/offsets/<topic>/<partition>', async () => {
    const tree = new MemoryTree();
    const offsets = new ZnodeOffsets(tree);
    expect(await offsets.get('g', 't', 3)).to.equal(null);
    await offsets.set('g', 't', 3, 41);
    await offsets.set('g', 't', 3, 42);
    await offsets.set('g', 't', 4, 7);
    expect(tree.znodes.get('/consumers/g/offsets/t/3')).to.equal('42');
    expect([await offsets.get('g', 't', 3), await offsets.get('g', 't', 4)]).to.deep.equal([42, 7]);
  });

  it('survives another one creating the same znodes', async () => {
    const offsets = new ZnodeOffsets(new MemoryTree());
    await Promise.all([offsets.set('g', 't', 3, 1), offsets.set('g', 't', 3, 2)]);
    expect(await offsets.get('g', 't', 3)).to.be.oneOf([1, 2]);
  });

  it('takes what is no number for no offset, and passes other failures on', async () => {
    const tree = new MemoryTree();
    const offsets = new ZnodeOffsets(tree);
    await offsets.set('g', 't', 3, 1);
    tree.znodes.set('/consumers/g/offsets/t/3', 'x');
    expect(await offsets.get('g', 't', 3)).to.equal(null);
    tree.getData = () => Promise.reject(new CoordinatorError(ErrorCode.CONNECTIONLOSS));
    const failure = await offsets.get('g', 't', 3).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(CoordinatorError).and.include({ code: ErrorCode.CONNECTIONLOSS });
  });
});
