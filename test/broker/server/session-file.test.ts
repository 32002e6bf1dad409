import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readSession, removeSession, SESSION_FILE_NAME, writeSession } from '../../../broker/server/session-file.ts';
import { SessionKeeper } from '../../../broker/server/session-keeper.ts';

const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

describe('the session file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'vivarium-session-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const session = { sessionId: 0x8abc_def0_1234_5678n, password: Buffer.from('0123456789abcdef') };

  it('gives back what was kept, for its ensemble only, and lets nobody else read it', async () => {
    expect(await readSession(dir, 'a:1')).to.equal(null);
    await writeSession(dir, 'a:1', session);
    expect(await readSession(dir, 'a:1')).to.deep.equal(session);
    expect(await readSession(dir, 'b:1')).to.equal(null);
    expect(statSync(join(dir, SESSION_FILE_NAME)).mode & 0o777).to.equal(0o600);
    await removeSession(dir);
    expect(await readSession(dir, 'a:1')).to.equal(null);
    await removeSession(dir); // again is fine
  });

  it('reads a torn file as none', async () => {
    for (const text of ['', '1\n', '1\na:1\nzz\nAAAA\n', '2\na:1\n12\nAAAA\n']) {
      writeFileSync(join(dir, SESSION_FILE_NAME), text);
      expect(await readSession(dir, 'a:1'), JSON.stringify(text)).to.equal(null);
    }
  });

  it('is read and written by one keeper at a time', async () => {
    const first = await SessionKeeper.open(dir, 'a:1', silent);
    await first.write(session);
    const second = await SessionKeeper.open(dir, 'a:1', silent);
    expect(await second.read()).to.equal(null);
    await second.write({ ...session, sessionId: 1n });
    await second.close({ isOver: true });
    expect(await first.read()).to.deep.equal(session);
    await first.close({ isOver: false });
    const successor = await SessionKeeper.open(dir, 'a:1', silent);
    expect(await successor.read()).to.deep.equal(session);
    await successor.close({ isOver: true });
    expect(await readSession(dir, 'a:1')).to.equal(null);
  });

  it('is done without where the directory cannot be made', async () => {
    writeFileSync(join(dir, 'file'), '');
    const keeper = await SessionKeeper.open(join(dir, 'file', 'logs'), 'a:1', silent);
    expect(await keeper.read()).to.equal(null);
    await keeper.write(session);
    await keeper.close({ isOver: true });
  });
});
