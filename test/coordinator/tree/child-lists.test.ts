import { expect } from 'chai';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import { children } from '../../../shared/jute/records.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import { DataTree } from '../../../coordinator/tree/data-tree.ts';
import { PERSISTENT } from '../../../coordinator/tree/znode.ts';

function treeWith(count: number): DataTree {
  const tree = new DataTree();
  tree.insert('/p', tree.makeNode(null, OPEN_ACL_UNSAFE, PERSISTENT, 1, 0));
  for (let i = 0; i < count; i++) tree.insert(`/p/c${i}`, tree.makeNode(null, OPEN_ACL_UNSAFE, PERSISTENT, 1, 0));
  return tree;
}

const listOf = (tree: DataTree): readonly string[] => tree.childLists.of(tree.get('/p')!);

describe('ChildLists', () => {
  it('gives the names, and the same list until one changes', () => {
    const tree = treeWith(100);
    const list = listOf(tree);
    expect(list).to.have.length(100).and.include('c99');
    expect(listOf(tree)).to.equal(list);
    tree.insert('/p/late', tree.makeNode(null, OPEN_ACL_UNSAFE, PERSISTENT, 2, 0));
    expect(listOf(tree)).to.have.length(101).and.include('late');
    tree.remove('/p/c0');
    expect(listOf(tree)).to.have.length(100).and.not.include('c0');
    expect(list).to.have.length(100).and.include('c0');
  });

  it('is right for a znode that was made anew at the same path', () => {
    const tree = treeWith(40);
    listOf(tree);
    for (let i = 0; i < 40; i++) tree.remove(`/p/c${i}`);
    expect(listOf(tree)).to.deep.equal([]);
    tree.remove('/p');
    tree.insert('/p', tree.makeNode(null, OPEN_ACL_UNSAFE, PERSISTENT, 3, 0));
    tree.insert('/p/x', tree.makeNode(null, OPEN_ACL_UNSAFE, PERSISTENT, 3, 0));
    expect(listOf(tree)).to.deep.equal(['x']);
  });

  it('is encoded the same the first and the second time', () => {
    const list = listOf(treeWith(500));
    for (const _ of [1, 2]) {
      const out = new Writer(16);
      out.i32(0);
      children.write(out, { children: list });
      out.i32(7);
      out.patchI32(0, out.size - 4);
      const input = new Reader(out.finish());
      expect(input.i32()).to.equal(input.remaining);
      expect(children.read(input).children).to.deep.equal(list);
      expect(input.i32()).to.equal(7);
      expect(input.complete && input.remaining === 0).to.equal(true);
    }
  });
});
