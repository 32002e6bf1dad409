import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { parseProperties } from '../../../shared/settings/properties.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { ReconfigRequest } from '../../../shared/znode/operations.ts';
import { toEnsembleConfig } from '../../../coordinator/server/ensemble-config.ts';
import { parseQuorumConfig } from '../../../coordinator/server/quorum-config.ts';
import type { ReconfigContext } from '../../../coordinator/server/reconfigure.ts';
import { reconfigure } from '../../../coordinator/server/reconfigure.ts';
import { writeConfigFiles } from '../../../coordinator/server/config-files.ts';
import { create } from '../raw-client.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';
import { closeEnsembles, TestEnsemble } from './test-ensemble.ts';

const reconfig = (more: Partial<ReconfigRequest>): ReconfigRequest => ({
  op: 'reconfig', joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1, ...more,
});
const config = (text: string) => toEnsembleConfig(parseQuorumConfig(parseProperties(text)));
const THREE = config('server.1=a:1:2;11\nserver.2=b:1:2;11\nserver.3=c:1:2;11\nversion=100000001');

describe('reconfigure', () => {
  const ask = (more: Partial<ReconfigRequest>, context: Partial<ReconfigContext> = {}) =>
    reconfigure(reconfig(more), 0x100000009, { current: THREE, isPending: false, standaloneEnabled: true, isQuorumSynced: () => true, ...context });

  it('takes members in and out, one or several', () => {
    const next = ask({ joiningServers: 'server.4=d:1:2;11,5=e:1:2:observer;11', leavingServers: '1' });
    expect(next).to.deep.include({ voters: [2, 3, 4], observers: [5], version: 0x100000009 });
    expect(ask({ joiningServers: 'server.3=c:1:2:observer;11' })).to.deep.include({ voters: [1, 2], observers: [3] });
    expect(ask({ newMembers: 'server.2=b:1:2;11,server.3=c:1:2;11' })).to.deep.include({ voters: [2, 3], observers: [] });
    expect(ask({ newMembers: 'server.2=b:1:2;11\nserver.3=c:1:2;11\ngroup.1=2:3' })).to.deep.include({ groups: { 2: 1, 3: 1 } });
  });

  const refusals: [string, Partial<ReconfigRequest>, number, Partial<ReconfigContext>?][] = [
    ['another one under way', { leavingServers: '3' }, ErrorCode.RECONFIGINPROGRESS, { isPending: true }],
    ['another version', { leavingServers: '3', curConfigId: 5 }, ErrorCode.BADVERSION],
    ['a line that is none', { joiningServers: 'server.4=d:1' }, ErrorCode.BADARGUMENTS],
    ['a member without a client port', { joiningServers: 'server.4=d:1:2' }, ErrorCode.BADARGUMENTS],
    ['an address that is taken', { joiningServers: 'server.4=a:1:5;12' }, ErrorCode.BADARGUMENTS],
    ['a leaver that is no number', { leavingServers: 'x' }, ErrorCode.BADARGUMENTS],
    ['fewer than two voters', { leavingServers: '2,3' }, ErrorCode.BADARGUMENTS],
    ['other keys', { newMembers: 'clientPort=1' }, ErrorCode.BADARGUMENTS],
    ['a quorum that is not there', { joiningServers: 'server.4=d:1:2;11' }, ErrorCode.NEWCONFIGNOQUORUM, { isQuorumSynced: () => false }],
  ];
  for (const [what, request, error, context] of refusals) it(`refuses ${what}`, () => expect(ask(request, context)).to.equal(error));
});

describe('the files of a changed ensemble', () => {
  afterEach(removeTempDirs);

  it('are read at the next start, and keep what the operator wrote', () => {
    const dataDir = tempDir();
    const file = join(dataDir, 'zoo.cfg');
    const before = `# mine\ndataDir=${dataDir}\nclientPort=11\ntickTime=100\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n`;
    writeFileSync(file, before);
    writeFileSync(join(dataDir, 'myid'), '2');
    for (const version of [5, 6]) {
      expect(writeConfigFiles(file, { ...THREE, version }, 2)).to.equal(`${file}.dynamic.${version}`);
      const text = readFileSync(file, 'utf8');
      expect(text).to.equal(`# mine\ndataDir=${dataDir}\ntickTime=100\ndynamicConfigFile=${file}.dynamic.${version}\n`);
      const { settings } = loadServerSettings(parseProperties(text));
      expect(settings).to.include({ serverId: 2, clientPort: 11 });
      expect(settings.ensemble!.quorum).to.deep.include({ version });
    }
    expect(readFileSync(`${file}.bak`, 'utf8')).to.equal(before);
    expect(existsSync(`${file}.tmp`)).to.equal(false);
  });
});

describe('an ensemble that changes', () => {
  afterEach(async () => {
    await closeEnsembles();
    removeTempDirs();
  });

  const configOf = async (client: Awaited<ReturnType<TestEnsemble['session']>>): Promise<string> => {
    await client.call({ op: 'sync', path: '/' });
    const { response } = await client.call({ op: 'getData', path: '/zookeeper/config', watch: false });
    return Buffer.from((response as unknown as { data: Buffer }).data).toString();
  };

  it('takes an observer in, makes it a voter, and lets another member go, while clients are served', async () => {
    const ensemble = await TestEnsemble.start({ size: 4, observers: [4], absent: [4], properties: { reconfigEnabled: 'true', skipACL: 'yes' } });
    const fourth = ensemble.lines['server.4']!;
    const { 'server.4': _, ...three } = ensemble.lines;
    await Promise.all([1, 2, 3].map((id) => ensemble.stop(id)));
    delete ensemble.lines['server.4'];
    await Promise.all([1, 2, 3].map((id) => ensemble.open(id)));
    await ensemble.serving();
    const leader = await ensemble.leader();
    const [follower] = await ensemble.followers();
    const client = await ensemble.session(follower!);
    expect(await configOf(client)).to.equal(`${Object.entries(three).map(([key, value]) => `${key}=${value}`).join('\n')}\nversion=0`);
    await client.call({ op: 'getData', path: '/zookeeper/config', watch: true });

    // The newcomer's own file has it; it may follow before it belongs.
    await ensemble.open(4, { 'server.4': fourth });
    await ensemble.serving([4]);
    const joined = await client.call(reconfig({ joiningServers: `server.4=${fourth}` }));
    expect(joined.error).to.equal(0);
    expect(Buffer.from((joined.response as unknown as { data: Buffer }).data).toString()).to.contain(`server.4=${fourth}\nversion=${joined.zxid.toString(16)}`);
    await client.event(({ path }) => path === '/zookeeper/config');

    const voter = await client.call(reconfig({ joiningServers: `server.4=${fourth.replace('observer', 'participant')}`, curConfigId: joined.zxid }));
    expect(voter.error).to.equal(0);
    await ensemble.role(4, ({ state, phase }) => state === 'FOLLOWING' && phase === 'BROADCAST');
    await ensemble.serving([4]);

    const leaving = [1, 2, 3].find((id) => id !== leader && id !== follower)!;
    expect((await client.call(reconfig({ leavingServers: String(leaving) }))).error).to.equal(0);
    expect(await configOf(client)).not.to.contain(`server.${leaving}=`);
    await ensemble.stop(leaving);
    expect((await client.call(create('/after'))).error).to.equal(0);
    // Of the three that are left, two are a quorum: the one that joined is as good as any.
    const own = await ensemble.session(4);
    await ensemble.stop(follower!);
    expect((await own.call(create('/by-two'))).error).to.equal(0);
  });

  it('refuses what it cannot do, by name', async () => {
    const ensemble = await TestEnsemble.start({ properties: { reconfigEnabled: 'true' } });
    await ensemble.serving();
    const client = await ensemble.session((await ensemble.followers())[0]!);
    expect((await client.call(reconfig({ leavingServers: '3' }))).error, 'only super may').to.equal(ErrorCode.NOAUTH);
    expect((await client.call(reconfig({ leavingServers: '3', curConfigId: 77 }))).error).to.equal(ErrorCode.BADVERSION);
    expect((await client.call(reconfig({ joiningServers: 'server.9=127.0.0.1:1:2;3,server.8=127.0.0.1:4:5;6,server.7=127.0.0.1:7:8;9' }))).error).to.equal(ErrorCode.NEWCONFIGNOQUORUM);
    expect((await client.call(create('/still'))).error).to.equal(0);
  });
});
