/** The shell's commands against a running coordinator. What is expected here was printed by ZooKeeper 3.8's own shell. */
import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommandLine } from '../../../coordinator/cli/command-line.ts';
import { complete } from '../../../coordinator/cli/complete.ts';
import { COMMAND_NAMES, ShellSession, usage } from '../../../coordinator/cli/shell-session.ts';
import type { Member } from '../../../coordinator/server/member.ts';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { nodeTransport } from '../../../shared/client/node-transport.ts';
import type { LogLevel } from '../../../shared/telemetry/logger.ts';
import { setLogLevel } from '../../../shared/telemetry/logger.ts';

const event = (state: string, type: string, path: string): string => `\nWATCHER::\n\nWatchedEvent state:${state} type:${type} path:${path}\n`;
const CONNECTED = event('SyncConnected', 'None', 'null');

describe('ShellSession', () => {
  let dataDir: string;
  let member: Member;
  let shell: ShellSession;
  let out: string;
  let err: string;

  let levelBefore: LogLevel;
  before(async () => {
    levelBefore = setLogLevel('silent');
    dataDir = await mkdtemp(join(tmpdir(), 'shell-test-'));
    const properties = { dataDir, clientPort: '0', clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', extendedTypesEnabled: 'true', enforceQuota: 'true' };
    member = await startMember(loadServerSettings(new Map(Object.entries(properties))).settings);
  });
  after(async () => {
    await member.close();
    await rm(dataDir, { recursive: true, force: true });
    setLogLevel(levelBefore);
  });

  function open(server = `127.0.0.1:${member.port}`): ShellSession {
    out = '';
    err = '';
    const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
    return new ShellSession(parseCommandLine(['-server', server]), io, { transport: nodeTransport() });
  }
  beforeEach(async () => {
    shell = open();
    await shell.currentClient.whenConnected();
    expect(out).to.equal(`Connecting to 127.0.0.1:${member.port}\n${CONNECTED}`);
    out = '';
  });
  afterEach(async () => {
    if (shell.hasQuit || shell.currentClient.state === 'CLOSED') {
      shell = open();
    }
    for (const quota of (await shell.currentClient.getChildren('/zookeeper/quota')).children) await shell.run(['deleteall', `/zookeeper/quota/${quota}`]);
    for (const name of (await shell.currentClient.getChildren('/')).children) {
      if (name !== 'zookeeper') await shell.run(['deleteall', `/${name}`]);
    }
    await shell.end();
  });

  /** Runs one line; returns what it printed, with times and zxids made equal. */
  async function run(line: string): Promise<{ out: string; err: string; code: number }> {
    out = '';
    err = '';
    await shell.runLine(line);
    return { out: out.replace(/time = .*/g, 'time = T').replace(/(Zxid) = .*/g, '$1 = Z'), err, code: shell.exitCode };
  }
  const ok = (text: string) => ({ out: text, err: '', code: 0 });
  const told = (text: string) => ({ out: '', err: text, code: 0 });
  const failed = (text: string) => ({ out: '', err: `${text}\n`, code: 1 });
  const stat = (fields: Record<string, number | string>): string => {
    const all = {
      cversion: 0,
      dataVersion: 0,
      aclVersion: 0,
      ephemeralOwner: '0x0',
      dataLength: 0,
      numChildren: 0,
      ...fields,
    };
    const head = 'cZxid = Z\nctime = T\nmZxid = Z\nmtime = T\npZxid = Z\n';
    return head + Object.entries(all).map(([name, value]) => `${name} = ${value}\n`).join('');
  };

  it('creates znodes of all kinds, and says their names on standard error', async () => {
    expect(await run('create /a x')).to.deep.equal(told('Created /a\n'));
    expect(await run('create -s -e /a/e- y')).to.deep.equal(told('Created /a/e-0000000000\n'));
    expect(await run('create -c /c')).to.deep.equal(told('Created /c\n'));
    expect(await run('create -t 100000 /t')).to.deep.equal(told('Created /t\n'));
    expect(await run('create "/quo ted" "da ta"')).to.deep.equal(told('Created /quo ted\n'));
    expect(await run("get '/quo ted'")).to.deep.equal(ok('da ta\n'));
    expect(await run('getEphemerals')).to.deep.equal(ok('[/a/e-0000000000]\n'));
    expect(await run('getEphemerals /b')).to.deep.equal(ok('[]\n'));
  });

  it('refuses in the words of the original', async () => {
    await run('create /a x');
    await run('create /a/b');
    await run('create -e /e');
    const refusals: [line: string, message: string][] = [
      ['create /a', 'Node already exists: /a'],
      ['create /n/x', 'Node does not exist: /n/x'],
      ['create /e/x', 'Ephemerals cannot have children: /e/x'],
      ['create -c -e /c', '-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.'],
      ['create -t 0 /t', 'ttl must be positive and cannot be larger than: 1099511627775'],
      ['create -t x /t', '-t argument must be a long value'],
      ['create -t 5 -e /t', 'TTLs cannot be used with Ephemeral znodes'],
      ['create -t 5 -c /t', 'TTLs cannot be used with Container znodes'],
      ['create /l data foo', 'foo does not have the form scheme:id:perm\nKeeperErrorCode = InvalidACL\nAcl is not valid : null'],
      ['create /l data foo:bar:cdrwa', 'KeeperErrorCode = InvalidACL for /l\nAcl is not valid : /l'],
      ['setAcl /a foo', 'foo does not have the form scheme:id:perm\nAcl is not valid : null'],
      ['get /nope', 'Node does not exist: /nope'],
      ['stat /nope', 'Node does not exist: /nope'],
      ['set -v 9 /a x', 'version No is not valid : /a'],
      ['delete -v 9 /a', 'version No is not valid : /a'],
      ['delete /a', 'Node not empty: /a'],
      ['deleteall /nope', 'Node does not exist: /nope'],
      ['deleteall /a -b x', '-b argument must be an int value'],
      ['ls nope', 'Path must start with / character'],
      ['ls /a/', 'Path must not end with / character'],
      ['create /a//b', 'Invalid path string "/a//b" caused by empty node name specified @3'],
      ['removewatches /a', 'KeeperErrorCode = No such watcher for /a'],
      ['addWatch -m FOO /a', 'addWatch [-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE'],
      ['ls', 'ls [-s] [-w] [-R] path'],
      ['set /a', 'set [-s] [-v version] path data'],
      ['setquota -n 1 /nope', '/nope does not exist.'],
      ['setquota -n x /a', 'NumberFormatException happens when parsing the option value'],
      ['setquota -n 0 /a', 'the num quota must be greater than zero'],
      [
        'setquota -n 5 -b 100 /a',
        "org.apache.commons.cli.AlreadySelectedException: The option 'b' was specified but an option from this group has already been selected: 'n'",
      ],
      [
        'setquota /a',
        'org.apache.commons.cli.MissingOptionException: Missing required option: ' +
          '[-n num soft quota, -b bytes soft quota, -N num hard quota, -B bytes hard quota]',
      ],
      ['setquota -n 5', 'setquota -n|-b|-N|-B val path'],
      ['listquota', 'listquota path'],
    ];
    for (const [line, message] of refusals) expect(await run(line), line).to.deep.equal(failed(message));
  });

  it('sets, lists and deletes quotas', async () => {
    for (const line of ['create /q x', 'create /q/a y', 'create /q/b y']) await run(line);
    const where = 'absolute path is /zookeeper/quota/q/zookeeper_limits\n';
    expect(await run('listquota /q')).to.deep.equal(told(`${where}quota for /q does not exist.\n`));
    expect(await run('setquota -n 2 /q')).to.deep.equal(ok('[Warning]: the count quota you create is less than the existing count:3\n'));
    expect(await run('listquota /q')).to.deep.equal({
      out: 'Output quota for /q count=2,bytes=-1=;byteHardLimit=-1;countHardLimit=-1\nOutput stat for /q count=3,bytes=3\n',
      err: where,
      code: 0,
    });
    expect(await run('setquota -n 5 /q/a')).to.deep.equal(failed('/q/a has a parent /q which has a quota'));
    expect((await run('setquota -N 3 /q')).code).to.equal(0);
    expect(await run('create /q/c')).to.deep.equal(failed('Quota has exceeded : /q/c'));
    expect(await run('delquota -N /q')).to.deep.equal(ok(''));
    expect((await run('create /q/c')).code).to.equal(0);
    expect(await run('delquota /q')).to.deep.equal(ok(''));
    expect(await run('delquota /q')).to.deep.equal(told('Quota does not exist for /q\n'));
    expect(await run('ls -R /zookeeper/quota')).to.deep.equal(ok('/zookeeper/quota\n'));
    expect(await run('setquota -b 5 /q/a')).to.deep.equal(ok(''));
    expect(await run('setquota -n 9 /q')).to.deep.equal(failed('/q has a child /q/a which has a quota'));
    expect(await run('delquota /q/a')).to.deep.equal(ok(''));
  });

  it('draws the tree, tells whose ephemerals there are, and watches, beyond the original', async () => {
    for (const line of ['create /a x', 'create /a/b', `create /a/b/c ${'long'.repeat(20)}`, 'create -e /e']) await run(line);
    const id = `0x${shell.currentClient.sessionId.toString(16)}`;
    expect((await run('tree')).out).to.equal(
      `/\n├── a = x\n│   └── b\n│       └── c = ${'long'.repeat(10)}… (80 bytes)\n├── e (ephemeral, session ${id})\n` +
        '└── zookeeper\n    ├── config\n    └── quota\n',
    );
    expect((await run('tree /a/b')).out).to.match(/^\/a\/b\n└── c = long/);
    expect(await run('tree /nope')).to.deep.equal(failed('Node does not exist: /nope'));
    expect((await run('sessions')).out).to.equal(`${id} (this one, timeout 30000 ms)\n    /e\n`);
    expect(await run('watch -R /a')).to.deep.equal(ok(''));
    expect((await run('delete /a/b/c')).out).to.equal(event('SyncConnected', 'NodeDeleted', '/a/b/c'));
    expect((await run('help')).err).to.match(/beyond ZooKeeper's own:\n\tsessions \n\ttree \[path\]\n\twatch \[-R\] path\nCommand not found/);
  });

  it('reads, changes and lists', async () => {
    await run('create /a x');
    await run('create /a/b');
    expect(await run('ls /a')).to.deep.equal(ok('[b]\n'));
    expect(await run('ls /a/b')).to.deep.equal(ok('[]\n'));
    expect(await run('ls -s /a')).to.deep.equal(ok(`[b]\n${stat({ cversion: 1, dataLength: 1, numChildren: 1 })}`));
    expect(await run('ls -R /')).to.deep.equal(ok('/\n/a\n/zookeeper\n/a/b\n/zookeeper/config\n/zookeeper/quota\n'));
    expect(await run('get /a')).to.deep.equal(ok('x\n'));
    expect(await run('get /a/b')).to.deep.equal(ok('null\n'));
    expect(await run('set /a new')).to.deep.equal(ok(''));
    expect(await run('set -s /a newer')).to.deep.equal(ok(stat({ cversion: 1, dataVersion: 2, dataLength: 5, numChildren: 1 })));
    expect(await run('get -s /a')).to.deep.equal(ok(`newer\n${stat({ cversion: 1, dataVersion: 2, dataLength: 5, numChildren: 1 })}`));
    expect(await run('stat /a/b')).to.deep.equal(ok(stat({})));
    expect(await run('getAllChildrenNumber /')).to.deep.equal(ok('5\n'));
    expect(await run('sync /a')).to.deep.equal(ok('Sync is OK\n'));
    expect(await run('delete /a/b')).to.deep.equal(ok(''));
    expect(await run('delete /a 2')).to.deep.equal(
      told("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.\n"),
    );
  });

  it('deletes a whole subtree, in batches or one by one', async () => {
    for (const batch of ['', ' -b 2', ' -b 0']) {
      await run('create /a');
      for (let i = 0; i < 5; i++) await run(`create /a/${i}`);
      await run('create /a/3/x');
      expect(await run(`deleteall /a${batch}`)).to.deep.equal(ok(''));
      expect(await run('ls /')).to.deep.equal(ok('[zookeeper]\n'));
    }
  });

  it('shows and sets rights, and who is asking', async () => {
    await run('create /a');
    expect(await run('getAcl /a')).to.deep.equal(ok("'world,'anyone\n: cdrwa\n"));
    expect(await run('setAcl -s /a world:anyone:cdra')).to.deep.equal(ok(stat({ aclVersion: 1 })));
    expect(await run('getAcl -s /a')).to.deep.equal(ok(`'world,'anyone\n: cdra\n${stat({ aclVersion: 1 })}`));
    expect(await run('addauth digest bob:secret')).to.deep.equal(ok(''));
    expect((await run('whoami')).out.split('\n').sort()).to.deep.equal(['', 'Auth scheme: User', 'digest: bob', 'ip: 127.0.0.1']);
    expect(await run('create /mine data auth::cdrwa')).to.deep.equal(told('Created /mine\n'));
    expect(await run('getAcl /mine')).to.deep.equal(ok("'digest,'bob:fyVmFCwVbTJYrznoSu1koqYEYF0=\n: cdrwa\n"));
    await run('create /mine/child');
    expect(await run('setAcl -R /mine world:anyone:cdrwa')).to.deep.equal(ok(''));
    expect(await run('getAcl /mine/child')).to.deep.equal(ok("'world,'anyone\n: cdrwa\n"));
  });

  it('prints the events of watches, each once', async () => {
    await run('create /a');
    await run('get -w /a');
    await run('stat -w /a');
    expect(await run('set /a x')).to.deep.equal(ok(event('SyncConnected', 'NodeDataChanged', '/a')));
    await run('ls -w /a');
    expect(await run('create /a/c')).to.deep.equal({ ...told('Created /a/c\n'), out: event('SyncConnected', 'NodeChildrenChanged', '/a') });
    await run('addWatch /a');
    await run('addWatch -m PERSISTENT /a');
    expect(await run('delete /a/c')).to.deep.equal(
      ok(event('SyncConnected', 'NodeDeleted', '/a/c') + event('SyncConnected', 'NodeChildrenChanged', '/a')),
    );
    expect(await run('removewatches /a')).to.deep.equal(ok(event('SyncConnected', 'PersistentWatchRemoved', '/a')));
    expect(await run('printwatches')).to.deep.equal(ok('printwatches is on\n'));
    await run('printwatches off');
    await run('get -w /a');
    expect(await run('set /a y')).to.deep.equal(ok(''));
    await run('printwatches on');
  });

  it('still understands the older form of asking for a watch', async () => {
    await run('create /a x');
    expect(await run('get /a watch')).to.deep.equal({
      out: 'x\n',
      err: "'get path [watch]' has been deprecated. Please use 'get [-s] [-w] path' instead.\n",
      code: 0,
    });
    expect((await run('ls / watch')).err).to.equal("'ls path [watch]' has been deprecated. Please use 'ls [-w] path' instead.\n");
    expect((await run('set /a y')).out).to.equal(event('SyncConnected', 'NodeDataChanged', '/a'));
  });

  it('keeps a history, and does commands again', async () => {
    for (let i = 0; i < 12; i++) await run(`ls /${i === 3 ? '' : 'nope'}`);
    expect((await run('history')).out).to.equal(
      ['2 - ls /nope', '3 - ls /', ...[4, 5, 6, 7, 8, 9, 10, 11].map((i) => `${i} - ls /nope`), '12 - history', ''].join('\n'),
    );
    expect(await run('redo 3')).to.deep.equal(ok('[zookeeper]\n'));
    expect(await run('redo 99')).to.deep.equal(failed('Command index out of range'));
    expect(await run('redo 13')).to.deep.equal(ok('[zookeeper]\n'));
    expect(await run('')).to.include({ out: '', err: '' });
    expect(shell.prompt).to.equal(`[zk: 127.0.0.1:${member.port}(CONNECTED) 16] `);
  });

  it('answers an unknown command with the usage and code 127', async () => {
    expect(await run('foo bar')).to.deep.equal({ out: '', err: `${usage()}Command not found: Command not found foo\n`, code: 127 });
    const lines = usage().split('\n');
    expect(lines[0]).to.equal('ZooKeeper -server host:port -client-configuration properties-file cmd args');
    expect(lines.slice(1, 5)).to.deep.equal([
      '\taddWatch [-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',
      '\taddauth scheme auth',
      '\tclose ',
      '\tconfig [-c] [-w] [-s]',
    ]);
    expect(lines).to.have.length(30);
  });

  it('closes, is not connected then, and connects again', async () => {
    expect(await run('close')).to.deep.equal(ok(event('Closed', 'None', 'null')));
    expect(shell.prompt).to.contain('(CLOSED)');
    expect(await run('ls /')).to.deep.equal(ok('Not connected\n'));
    await run(`connect 127.0.0.1:${member.port}`);
    await shell.currentClient.whenConnected();
    expect(out).to.equal(CONNECTED);
    expect(await run('ls /')).to.deep.equal(ok('[zookeeper]\n'));
  });

  it('quits with the code of the command before', async () => {
    await run('ls /nope');
    expect(await run('quit')).to.deep.equal({ out: event('Closed', 'None', 'null'), err: '', code: 1 });
    expect(shell.hasQuit).to.equal(true);
  });

  it('fails at once where there is no server', async () => {
    const lost = open('127.0.0.1:1');
    await lost.run(['ls', '/']);
    expect([out, err, lost.exitCode]).to.deep.equal(['Connecting to 127.0.0.1:1\n', 'KeeperErrorCode = ConnectionLoss for /\n', 1]);
    await lost.end();
  });

  it('completes commands and paths', async () => {
    await run('create /alpha');
    await run('create /alpine');
    await run('create /alpha/b');
    const of = (line: string) => complete(line, COMMAND_NAMES, shell.currentClient);
    expect(await of('get')).to.deep.equal([['get', 'getAcl', 'getAllChildrenNumber', 'getEphemerals'], 'get']);
    expect(await of('ls /al')).to.deep.equal([['alpha', 'alpine'], 'al']);
    expect(await of('ls /alpha/')).to.deep.equal([['b'], '']);
    expect(await of('ls /nope/x')).to.deep.equal([[], 'x']);
  });

  describe('reconfig', () => {
    it('asks for a change in one way or the other', async () => {
      for (const [line, refusal] of [
        ['reconfig', /^reconfig \[-s\] \[-v version\]/],
        ['reconfig -add server.2=a:1:2;3 -members server.1=a:1:2;3', /^Can't use -file or -members together with -add or -remove/],
        ['reconfig -file x -members y', /^Can't use -file and -members together/],
        ['reconfig -remove 2 -v nonsense', /^-v must be followed by a long \(configuration version\)/],
        ['reconfig -file /no/such/file', /^Error processing \/no\/such\/file: ENOENT/],
        ['reconfig -add', /Missing argument for option: add/],
      ] as const) {
        err = '';
        await shell.runLine(line);
        expect(err).to.match(refusal);
      }
    });

    it('is refused where it is not enabled', async () => {
      await shell.runLine('reconfig -s -v 100 -remove 2,3');
      expect(err).to.equal('KeeperErrorCode = Reconfig is disabled\n');
    });
  });

});
