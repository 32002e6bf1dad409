import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { SnapshotFiles } from '../../../coordinator/store/snapshot-file.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

const pieces = ['first', '', 'third'].map((text) => Buffer.from(text));

function read(files: SnapshotFiles, zxid: number): string[] {
  const found: string[] = [];
  files.read(zxid, (piece) => found.push(piece.toString()));
  return found;
}

describe('SnapshotFiles', () => {
  afterEach(removeTempDirs);

  it('gives back what was written, newest first, and keeps as many as asked', async () => {
    const files = new SnapshotFiles(tempDir());
    for (const zxid of [0x10, 0x9, 0x1_0000_0001]) await files.write(zxid, pieces);
    expect(files.list()).to.deep.equal([0x1_0000_0001, 0x10, 0x9]);
    expect(read(files, 0x10)).to.deep.equal(['first', '', 'third']);
    expect(files.retain(2)).to.equal(0x10);
    expect(files.list()).to.deep.equal([0x1_0000_0001, 0x10]);
  });

  it('has no name for what was not finished', async () => {
    const dir = tempDir();
    const files = new SnapshotFiles(dir);
    const broken = function* (): IterableIterator<Buffer> {
      yield pieces[0]!;
      throw new Error('no more');
    };
    const error = await files.write(7, broken()).then(
      () => null,
      (reason: Error) => reason.message,
    );
    expect(error).to.equal('no more');
    expect(files.list()).to.deep.equal([]);
    new SnapshotFiles(dir);
    expect(readdirSync(dir)).to.deep.equal([]);
  });

  it('refuses a file in which any byte changed or the end is missing', async () => {
    const files = new SnapshotFiles(tempDir());
    await files.write(7, pieces);
    const path = files.pathOf(7);
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x41;
      writeFileSync(path, bad);
      expect(() => read(files, 7), `byte ${at}`).to.throw(/is damaged/);
      writeFileSync(path, good.subarray(0, at));
      expect(() => read(files, 7), `cut at ${at}`).to.throw(/is damaged/);
    }
    writeFileSync(join(path), good);
    expect(read(files, 7)).to.have.length(3);
  });
});
