import { expect } from 'chai';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createPrng } from '../../../shared/base/prng.ts';
import { FileSystemError, readRange } from '../../../broker/log/file.ts';
import type { FileSystem } from '../../../broker/log/file.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import { nodeFileSystem } from '../../../broker/log/node-file-system.ts';

/** What both disks have to do alike. */
function behavesAsDisk(name: string, make: () => { fileSystem: FileSystem; root: string; done: () => void }): void {
  describe(name, () => {
    let fileSystem: FileSystem;
    let root: string;
    let done: () => void;
    beforeEach(() => ({ fileSystem, root, done } = make()));
    afterEach(() => done());
    const at = (...names: string[]): string => path.join(root, ...names);

    it('writes many buffers at a position and reads them back', async () => {
      const handle = await fileSystem.open(at('f'), { create: true });
      await handle.writev([Buffer.from('abc'), Buffer.alloc(0), Buffer.from('defg')], 0);
      await handle.writev(
        Array.from({ length: 3000 }, (_, n) => Buffer.from([n & 0xff])),
        7,
      );
      await handle.sync();
      expect((await readRange(handle, 2, 4)).toString()).to.equal('cdef');
      expect(await readRange(handle, 3000, 100)).to.have.length(7);
      expect(await readRange(handle, 9000, 100)).to.have.length(0);
      expect((await readRange(handle, 7, 3000))[2999]).to.equal(2999 & 0xff);
      await handle.truncate(5);
      expect((await fileSystem.readFile(at('f')))?.toString()).to.equal('abcde');
      await handle.truncate(7);
      expect(await fileSystem.readFile(at('f'))).to.deep.equal(Buffer.from('abcde\0\0'));
      await handle.close();
      expect(await fileSystem.status(at('f'))).to.include({ size: 7, isDirectory: false });
    });

    it('makes, lists, renames and removes', async () => {
      await fileSystem.makeDirectory(at('a', 'b'));
      await fileSystem.makeDirectory(at('a', 'b'));
      await fileSystem.writeFile(at('a', 'b', 'f'), Buffer.from('1'));
      await fileSystem.replaceFile(at('a', 'b', 'f'), Buffer.from('22'));
      await fileSystem.syncDirectory(at('a', 'b'));
      expect(await fileSystem.list(at('a', 'b'))).to.deep.equal([{ name: 'f', isDirectory: false }]);
      expect(await fileSystem.list(at('a'))).to.deep.equal([{ name: 'b', isDirectory: true }]);
      await fileSystem.rename(at('a', 'b'), at('a', 'c'));
      expect((await fileSystem.readFile(at('a', 'c', 'f')))?.toString()).to.equal('22');
      expect(await fileSystem.status(at('a', 'b'))).to.equal(null);
      await fileSystem.remove(at('a', 'c', 'f'));
      await fileSystem.remove(at('a', 'c', 'f'));
      expect(await fileSystem.readFile(at('a', 'c', 'f'))).to.equal(null);
      await fileSystem.removeTree(at('a'));
      expect(await fileSystem.status(at('a'))).to.equal(null);
    });

    it('says what it could not do, with which file and why', async () => {
      const error = await fileSystem.open(at('missing')).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error)
        .to.be.instanceOf(FileSystemError)
        .and.to.include({ code: 'ENOENT', path: at('missing') });
      expect((error as Error).message).to.include(`Cannot open "${at('missing')}"`);
    });

    it('gives a lock to one at a time', async () => {
      const lock = await fileSystem.lock(at('.lock'));
      expect(lock).to.not.equal(null);
      expect(await fileSystem.lock(at('.lock'))).to.equal(null);
      lock!.release();
      const next = await fileSystem.lock(at('.lock'));
      expect(next).to.not.equal(null);
      next!.release();
      expect((await fileSystem.status(at('.lock')))?.size).to.equal(0);
    });
  });
}

behavesAsDisk('nodeFileSystem', () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'vivarium-file-'));
  return { fileSystem: nodeFileSystem, root, done: () => fs.rmSync(root, { recursive: true }) };
});
behavesAsDisk('MemoryFileSystem', () => ({ fileSystem: new MemoryFileSystem(), root: '/', done: () => undefined }));

describe('MemoryFileSystem, failing', () => {
  it('loses writes that were not synced, but never what was', async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const fileSystem = new MemoryFileSystem();
      const handle = await fileSystem.open('/f', { create: true });
      await handle.writev([Buffer.from('synced')], 0);
      await handle.sync();
      await handle.writev([Buffer.from('first')], 6);
      await handle.writev([Buffer.from('second')], 11);
      const next = fileSystem.crash(createPrng(seed));
      const content = fileSystem.peek('/f')!;
      sizes.add(content.length);
      expect(content.subarray(0, 6).toString()).to.equal('synced');
      expect('syncedfirstsecond'.startsWith(content.toString().replace(/\0+$/, ''))).to.equal(true);
      for (const late of [handle.writev([Buffer.from('x')], 0), fileSystem.open('/g', { create: true })]) {
        const refusal = await late.then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(refusal).to.be.instanceOf(FileSystemError);
      }
      expect(await next.status('/g')).to.equal(null);
      expect((await next.readFile('/f'))!.equals(content)).to.equal(true);
    }
    expect(sizes.size).to.be.above(8);
  });

  it('fills up, after as much as fits', async () => {
    const fileSystem = new MemoryFileSystem({ capacity: 10 });
    const handle = await fileSystem.open('/f', { create: true });
    const error = await handle.writev([Buffer.alloc(12, 'x')], 0).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).to.include({ code: 'ENOSPC' });
    expect(fileSystem.used).to.equal(10);
  });

  it('turns read-only', async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.writeFile('/f', Buffer.from('1'));
    fileSystem.setReadOnly(true);
    expect((await fileSystem.readFile('/f'))?.toString()).to.equal('1');
    for (const attempt of [
      fileSystem.writeFile('/g', Buffer.alloc(1)),
      fileSystem.remove('/f'),
      fileSystem.makeDirectory('/d'),
    ]) {
      expect(
        await attempt.then(
          () => null,
          (reason: unknown) => reason,
        ),
      ).to.include({ code: 'EROFS' });
    }
  });
});
