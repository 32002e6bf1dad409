import { expect } from 'chai';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../../../shared/runtime/make-directory.ts';

describe('makeDirectory()', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vivarium-directory-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const failure = (path: string): Promise<string | undefined> =>
    makeDirectory(path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('makes what is missing, and is fine with what is there', async () => {
    const path = join(root, 'a', 'b', 'c');
    await Promise.all([makeDirectory(path), makeDirectory(path)]);
    await makeDirectory(path);
    expect((await stat(path)).isDirectory()).to.equal(true);
  });

  it('says so where nothing can be made, instead of trying for ever', async () => {
    expect(await failure('/proc/nothing-here/logs')).to.be.oneOf(['ENOENT', 'EACCES', 'EROFS', 'EPERM']);
    await writeFile(join(root, 'file'), '');
    expect(await failure(join(root, 'file', 'logs'))).to.equal('ENOTDIR');
  });
});
