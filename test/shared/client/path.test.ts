import { expect } from 'chai';
import { prependChroot, stripChroot, validatePath } from '../../../shared/client/path.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';

describe('validatePath()', () => {
  it('lets good paths through', () => {
    for (const path of ['/', '/a', '/a/b', '/a.b/..c/d..', '/ünï/日本', '/.../x', '/a b']) validatePath(path);
  });

  const refused: [path: string, message: string][] = [
    ['', 'Path length must be > 0'],
    ['a', 'Path must start with / character'],
    ['/a/', 'Path must not end with / character'],
    ['/a//b', 'Invalid path string "/a//b" caused by empty node name specified @3'],
    ['//', 'Path must not end with / character'],
    ['/a/./b', 'Invalid path string "/a/./b" caused by relative paths not allowed @3'],
    ['/a/../b', 'Invalid path string "/a/../b" caused by relative paths not allowed @4'],
    ['/..', 'Invalid path string "/.." caused by relative paths not allowed @2'],
    ['/a\0', 'Invalid path string "/a\0" caused by null character not allowed @2'],
    ['/a\u0001', 'Invalid path string "/a\u0001" caused by invalid character @2'],
    ['/\u009f', 'Invalid path string "/\u009f" caused by invalid character @1'],
    ['/\ud800', 'Invalid path string "/\ud800" caused by invalid character @1'],
    ['/\ufff0', 'Invalid path string "/\ufff0" caused by invalid character @1'],
  ];
  for (const [path, message] of refused) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      expect(() => validatePath(path)).to.throw(CoordinatorError, message);
    });
  }

  it('lets the path of a sequential create end in /', () => {
    validatePath('/a/', true);
    expect(() => validatePath('/a//', true)).to.throw(CoordinatorError, 'empty node name specified @3');
  });
});

describe('chroot', () => {
  it('goes before a path and off again', () => {
    for (const [chroot, path, full] of [
      ['', '/a', '/a'],
      ['/app', '/a', '/app/a'],
      ['/app', '/', '/app'],
    ] as const) {
      expect(prependChroot(chroot, path)).to.equal(full);
      expect(stripChroot(chroot, full)).to.equal(path);
    }
  });

  it('leaves a path outside of it alone', () => {
    expect(stripChroot('/app', '/zookeeper/config')).to.equal('/zookeeper/config');
    expect(stripChroot('/app', '/application/a')).to.equal('/application/a');
  });
});
