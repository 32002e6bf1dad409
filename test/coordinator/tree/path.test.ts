import { expect } from 'chai';
import { isSystemPath, isValidPath, joinPath, nameOf, parentPathOf } from '../../../coordinator/tree/path.ts';

describe('isValidPath', () => {
  for (const path of ['/', '/a', '/a/b', '/a.b', '/...', '/.a', '/a..', '/ä€', '/a b', '/zookeeper/quota']) {
    it(`accepts ${path}`, () => expect(isValidPath(path)).to.equal(true));
  }
  for (const path of ['', 'a', '//', '/a/', '/a//b', '/.', '/..', '/a/.', '/a/../b', '/./a', '/\0', '/a\u0000b', '/\u0019', '/\u007f', '/\u009f', '/\ud800', '/\uf8ff', '/\ufff0']) {
    it(`refuses ${JSON.stringify(path)}`, () => expect(isValidPath(path)).to.equal(false));
  }
});

describe('parentPathOf, nameOf and joinPath', () => {
  it('take a path apart and put it together', () => {
    expect([parentPathOf('/a/b'), nameOf('/a/b'), joinPath('/a', 'b')]).to.deep.equal(['/a', 'b', '/a/b']);
    expect([parentPathOf('/a'), nameOf('/a'), joinPath('/', 'a')]).to.deep.equal(['', 'a', '/a']);
  });
});

describe('isSystemPath', () => {
  it('names the znodes that stay', () => {
    expect(['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'].every(isSystemPath)).to.equal(true);
    expect(isSystemPath('/zookeeper/quota/a')).to.equal(false);
  });
});
