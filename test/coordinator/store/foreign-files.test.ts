import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { refuseForeignFiles } from '../../../coordinator/store/foreign-files.ts';
import { StoreError } from '../../../coordinator/store/txn-log.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

describe('refuseForeignFiles', () => {
  afterEach(removeTempDirs);

  for (const name of ['log.1', 'snapshot.0', 'snapshot.2f.gz']) {
    it(`refuses a folder with ${name}, and says what to do`, () => {
      const dir = tempDir();
      writeFileSync(join(dir, name), '');
      expect(() => refuseForeignFiles(dir)).to.throw(StoreError, `"${dir}" has the files of an Apache ZooKeeper (${name}), which this server cannot read. Give this server a dataDir`);
    });
  }

  it('takes a new folder, an empty one, and one with a log of ours', () => {
    const dir = tempDir();
    refuseForeignFiles(join(dir, 'new'));
    refuseForeignFiles(dir);
    writeFileSync(join(dir, 'acceptedEpoch'), '1');
    writeFileSync(join(dir, 'snapshot-2f'), '');
    refuseForeignFiles(dir);
    writeFileSync(join(dir, 'log.1'), '');
    writeFileSync(join(dir, 'txnlog.sqlite'), '');
    refuseForeignFiles(dir);
  });
});
