/**
 * zkCli.sh of Debian's ZooKeeper 3.8: one person's long conversation that has every command of its help, with the flags, held with our
 * coordinator and with Apache ZooKeeper 3.8. What it prints has to be equal, zxids included; only times, session ids and
 * ports differ. Events are compared apart from answers, since zkCli prints them when they come.
 */
import { expect } from 'chai';
import { Coordinator } from './support/coordinator.ts';
import { run } from './support/process.ts';

const ZKCLI = '/usr/share/zookeeper/bin/zkCli.sh';
const SETTINGS = {
  enforceQuota: 'true',
  extendedTypesEnabled: 'true',
  'DigestAuthenticationProvider.superDigest': 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=', // super:test
};

const CONVERSATION = `
ls /
version
whoami
config
config -s
create /a first
create /a again
create /a/b
create /none/b x
create -e /a/e mine
create -s /a/s- x
create -s -e /a/s- x
create -c /a/box
create -t 600000 /a/ttl x
create -t 0 /a/ttl0 x
create -e -c /a/both
create /a/secured x digest:bob:qpT0GsmYqVqFTyOWyxTPwtzh5yE=:crdwa
create /a/badacl x nonsense
create -q /a/flag
create
create relative x
create /a//x x
getEphemerals
getEphemerals /a/s
getEphemerals /zz
getAllChildrenNumber /a
getAllChildrenNumber /none
ls /a
ls -s /a
ls -R /
ls -R /a
ls /none
get /a
get -s /a
get /none
get /a/secured
getAcl /a/secured
getAcl -s /a
getAcl /none
addauth digest bob:bobspassword
addauth digest bob:secret
`;

// The next zkCli is someone else, and has its own session.
const CONVERSATION_2 = `
addauth digest super:test
whoami
get /a/secured
getAcl /a/secured
setAcl /a/b world:anyone:cdrwa
setAcl -s /a/b world:anyone:cdrwa,ip:127.0.0.1:r
setAcl -v 7 /a/b world:anyone:r
setAcl -R /a auth::cdrwa
getAcl /a/b
getAcl /a/s-0000000001
set /a second
set -s /a third
set -v 9 /a x
set -v 2 /a fourth
set /none x
set
stat /a
stat /none
stat -w /a
get -w /a
ls -w /a
set /a fifth
create /a/c x
sync /a
sync /none
addWatch /a/c
addWatch -m PERSISTENT /a/b
addWatch -m SOMETIMES /a
create /a/c/d x
set /a/c/d y
set /a/b y
delete /a/c/d
sync /
removewatches /a/c
removewatches /a/b -d
removewatches /a/b -a
removewatches /none
removewatches /a -c -l
printwatches
printwatches off
printwatches
printwatches on
setquota -n 2 /a/c
setquota -b 20 /a/c
listquota /a/c
create /a/c/1 x
create /a/c/2 x
setquota -N 2 -B 30 /a/c
setquota -N 2 /a/c
create /a/c/3 x
create /a/c/4 x
set /a/c/1 much-too-long-for-the-quota-that-was-set-here
setquota -B 30 /a/c
set /a/c/1 much-too-long-for-the-quota-that-was-set-here
listquota /a/c
listquota /a/b
delquota -N /a/c
delquota -b /a/c
listquota /a/c
delquota /a/c
listquota /a/c
delquota /a/c
setquota -n 5 /none
setquota -x 1 /a
delete -v 5 /a/c
delete /a
delete /none
delete
deleteall /a/c
deleteall /none
create /bulk
create /bulk/1
create /bulk/2
create /bulk/3
deleteall /bulk -b 2
deleteall -b 0 /a
reconfig
reconfig -members server.1=localhost:2888:3888;2181
reconfig -add server.9=localhost:2888:3888;2181
reconfig -remove 3
reconfig -file /nowhere -v 3
redo 1
redo 99999
nonsense
ls -z /
close
ls /
connect SERVER
ls /
deleteall /a
ls /
history
quit
`;

interface Spoken {
  readonly answers: readonly string[];
  readonly events: readonly string[];
  readonly code: number | null;
}

async function zkCli(coordinator: Coordinator, args: readonly string[], input = ''): Promise<Spoken> {
  const { stdout, stderr, code } = await run(ZKCLI, ['-server', coordinator.address, ...args], {
    input: input.replaceAll('SERVER', coordinator.address),
    env: { CLIENT_JVMFLAGS: '-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1' },
    timeoutMs: 90_000,
  });
  const lines = `${stdout}${stderr}`
    .replaceAll(coordinator.address, 'SERVER')
    .replace(/^([cm]time = ).*/gm, '$1TIME')
    .replace(/0x1[0-9a-f]{12,15}\b/g, 'SESSION')
    .split('\n')
    .filter((line) => line !== '' && line !== 'WATCHER::' && !line.startsWith('SLF4J:'));
  // whoami lists a hash set: in no order that means anything.
  for (let start = lines.indexOf('Auth scheme: User'); start >= 0; start = lines.indexOf('Auth scheme: User', start + 1)) {
    const size = lines.slice(start + 1).findIndex((line) => !/^(ip|digest|super): /.test(line));
    lines.splice(start + 1, size, ...lines.slice(start + 1, start + 1 + size).toSorted());
  }
  return { answers: lines.filter((line) => !line.startsWith('WatchedEvent')), events: lines.filter((line) => line.startsWith('WatchedEvent')), code };
}

async function hold(maker: 'vivarium' | 'zookeeper'): Promise<Spoken[]> {
  const coordinator = await Coordinator.start(SETTINGS, { maker });
  try {
    return [
      await zkCli(coordinator, [], CONVERSATION),
      await zkCli(coordinator, [], CONVERSATION_2),
      await zkCli(coordinator, ['create', '/once', 'x']),
      await zkCli(coordinator, ['get', '/none']),
    ];
  } finally {
    await coordinator.close();
  }
}

describe("zkCli.sh of Debian's ZooKeeper 3.8", () => {
  let ours: Spoken[];
  let theirs: Spoken[];

  before(async () => {
    [ours, theirs] = await Promise.all([hold('vivarium'), hold('zookeeper')]);
  });

  for (const [part, title] of ['what anybody may do', 'what super may do, and every other command', 'one command as arguments', 'a command that fails'].entries()) {
    it(`prints the same here and there: ${title}`, () => {
      expect(theirs[part]!.answers.length).to.be.greaterThan(part < 2 ? 50 : 0);
      expect(ours[part]!.answers).to.deep.equal(theirs[part]!.answers);
      expect(ours[part]!.code).to.equal(theirs[part]!.code);
    });
  }

  it('sees the same events', () => {
    expect(theirs[1]!.events.length).to.be.greaterThan(8);
    // A single command may be done, and its JVM gone, before another thread has said that there is a connection.
    const told = (spoken: readonly Spoken[]): (readonly string[])[] => spoken.slice(0, 2).map(({ events }) => events);
    expect(told(ours)).to.deep.equal(told(theirs));
  });
});
