import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
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
    writeFileSync(join(dir, 'log.1'), '');
    refuseForeignFiles(dir);
    rmSync(join(dir, 'snapshot-2f'));
    writeFileSync(join(dir, 'txnlog.sqlite'), '');
    refuseForeignFiles(dir);
  });

  it('keeps a server from starting, by its snapshots or by its log', async () => {
    for (const [key, name] of [['dataDir', 'snapshot.2'], ['dataLogDir', 'log.1']] as const) {
      const dirs = { dataDir: tempDir(), dataLogDir: tempDir() };
      mkdirSync(join(dirs[key], 'version-2'));
      writeFileSync(join(dirs[key], 'version-2', name), '');
      const { settings } = loadServerSettings(new Map(Object.entries({ ...dirs, clientPort: '0', 'admin.enableServer': 'false' })));
      await startMember(settings).then(
        () => expect.fail('it started'),
        (error: unknown) => expect(error).to.have.property('message').that.contains(`version-2" has the files of an Apache ZooKeeper (${name})`),
      );
    }
  });
});
