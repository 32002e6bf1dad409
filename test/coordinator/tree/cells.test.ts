import { expect } from 'chai';
import fc from 'fast-check';
import { Cells, dataOf, dataSizeOf, NO_PAGE, releaseCell } from '../../../coordinator/tree/cells.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import { AclStore } from '../../../coordinator/tree/acl-store.ts';
import { PERSISTENT, Znode } from '../../../coordinator/tree/znode.ts';

const acl = new AclStore().acquire(OPEN_ACL_UNSAFE);
const bytes = (size: number, value: number): Buffer => Buffer.alloc(size, value);

describe('Cells', () => {
  it('keeps numbers and data apart, whatever comes, changes its size and goes', () => {
    const size = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 300 }), fc.constantFrom(4095, 4096, 10_000));
    const step = fc.record({ kind: fc.constantFrom('make', 'make', 'set', 'remove'), which: fc.nat(), size });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const cells = new Cells();
        const nodes: { node: Znode; number: number; data: Buffer | null }[] = [];
        steps.forEach(({ kind, which, size }, i) => {
          const data = size === null ? null : bytes(size, i % 251);
          const at = which % Math.max(1, nodes.length);
          const known = nodes[at];
          if (kind === 'make' || known === undefined) {
            nodes.push({ node: new Znode(cells, data, acl, PERSISTENT, 2 ** 32 + i, 1.6e12 + i), number: i, data });
          } else if (kind === 'set') {
            cells.setData(known.node, data);
            known.node.version = i;
            known.node.version = 0;
            known.data = data;
          } else {
            releaseCell(known.node);
            expect(known.node.page).to.equal(NO_PAGE);
            nodes.splice(at, 1);
          }
        });
        for (const { node, number, data } of nodes) {
          expect(node.data?.toString('hex')).to.equal(data?.toString('hex'));
          expect(node.dataSize).to.equal(data?.length ?? 0);
          expect([node.czxid, node.mzxid, node.pzxid]).to.deep.equal(Array(3).fill(2 ** 32 + number));
          expect([node.ctime, node.mtime]).to.deep.equal([1.6e12 + number, 1.6e12 + number]);
          expect([node.version, node.aversion, node.creations]).to.deep.equal([0, 0, 0]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('uses again what was given back', () => {
    const cells = new Cells();
    const pages = new Set();
    for (let i = 0; i < 20_000; i++) {
      const node = new Znode(cells, bytes(100, 1), acl, PERSISTENT, 1, 1);
      pages.add(node.page);
      releaseCell(node);
    }
    expect(pages.size).to.equal(1);
  });

  it('lets who still has a removed znode read nothing of another', () => {
    const cells = new Cells();
    const removed = new Znode(cells, bytes(10, 1), acl, PERSISTENT, 5, 5);
    releaseCell(removed);
    new Znode(cells, bytes(10, 2), acl, PERSISTENT, 7, 7);
    expect(removed.czxid).to.equal(0);
    expect(dataSizeOf(removed)).to.equal(0);
    expect(dataOf(removed)).to.deep.equal(Buffer.alloc(0));
  });

  it('tells null from empty data', () => {
    const cells = new Cells();
    const node = new Znode(cells, null, acl, PERSISTENT, 1, 1);
    expect(node.data).to.equal(null);
    cells.setData(node, new Uint8Array(0));
    expect(node.data).to.deep.equal(Buffer.alloc(0));
  });
});
