import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

const THREE = { 'server.1': 'a:1:2;2181', 'server.2': 'b:1:2;2181', 'server.3': 'c:1:2:observer' };

describe('settings of an ensemble', () => {
  afterEach(removeTempDirs);

  /** Loads from a data directory with `myid` in it, if any. */
  const load = (more: Record<string, string>, myid: string | null = '1') => {
    const dataDir = tempDir();
    if (myid !== null) writeFileSync(join(dataDir, 'myid'), myid);
    return { dataDir, ...loadServerSettings(new Map(Object.entries({ dataDir, initLimit: '10', syncLimit: '5', ...more }))) };
  };

  it('has its id from myid and its client port from its line', () => {
    const { settings, warnings } = load(THREE, '2\n');
    expect(settings).to.deep.include({ serverId: 2, clientPort: 2181, clientPortAddress: null });
    expect(settings.ensemble!.self).to.deep.include({ id: 2, role: 'participant' });
    expect(warnings).to.deep.equal(['No server failure will be tolerated. You need at least 3 servers.']);
    expect(load({ ...THREE, clientPort: '2183' }, '3').settings.clientPort).to.equal(2183);
  });

  it('makes myid where the file says it and there is none, and never changes one', () => {
    const { dataDir, settings } = load({ ...THREE, myid: '2', dataDir: join(tempDir(), 'not', 'there') }, null);
    expect(settings.serverId).to.equal(2);
    expect(dataDir).to.be.a('string');
    expect(readFileSync(join(settings.dataDir, 'myid'), 'utf8')).to.equal('2\n');
    expect(() => load({ ...THREE, myid: '2' }, '1')).to.throw(/myid=2 contradicts .*myid, which says 1/);
  });

  it('refuses by name what cannot work', () => {
    expect(() => load(THREE, null)).to.throw(/myid file is missing/);
    expect(() => load(THREE, 'one')).to.throw(/serverid one is not a number/);
    expect(() => load(THREE, '9')).to.throw(/My id 9 not in the peer list/);
    expect(() => load({ ...THREE, clientPort: '2182' })).to.throw(/client address for this server in static config file is 0.0.0.0:2182, which is different/);
    expect(() => load(THREE, '3')).to.throw(/"clientPort"/);
    expect(() => load({ ...THREE, 'server.1': 'a:1' })).to.throw(/server\.1/);
  });

  it('reads the dynamic file, and only that', () => {
    const dir = tempDir();
    const file = join(dir, 'zoo.cfg.dynamic');
    writeFileSync(file, 'server.1=a:1:2;2181\nserver.2=b:1:2;2181\nserver.3=c:1:2;2181\nversion=100000004\n');
    const { settings } = load({ dynamicConfigFile: file });
    expect(settings.ensemble).to.deep.include({ dynamicFile: file });
    expect(settings.ensemble!.quorum.version).to.equal(0x100000004);
    expect(() => load({ ...THREE, dynamicConfigFile: file })).to.throw(/parameter: server.1 must be in a separate dynamic config file/);
    expect(() => load({ dynamicConfigFile: join(dir, 'none') })).to.throw(/dynamicConfigFile: Cannot read it/);
    writeFileSync(file, 'server.1=a:1:2\nclientPort=1\n');
    expect(() => load({ dynamicConfigFile: file })).to.throw(/Unrecognised parameter: clientPort/);
  });

  it('runs one server alone unless standaloneEnabled=false, then as an ensemble of one', () => {
    expect(load({ 'server.1': 'a:1:2;2181' }).settings).to.deep.include({ ensemble: null, clientPort: 2181 });
    expect(load({ 'server.1': 'a:1:2;2181', standaloneEnabled: 'false' }).settings.ensemble!.myId).to.equal(1);
  });

  it('warns where peerType and the list disagree', () => {
    expect(load({ ...THREE, peerType: 'observer' }).warnings.join()).to.contain("Peer type from servers list (participant) doesn't match peerType (observer)");
  });
});
