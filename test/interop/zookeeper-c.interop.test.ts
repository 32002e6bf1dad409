/** ZooKeeper's C client (Debian's `libzookeeper-mt`), by a small program; and `cli_mt`, the shell that comes with it. */
import { expect } from 'chai';
import { cCases } from './support/clients.ts';
import { describeClient, startClientsCoordinator } from './support/client-cases.ts';
import type { Coordinator } from './support/coordinator.ts';
import { Program } from './support/process.ts';

describeClient("ZooKeeper's C client", () => [cCases], {
  nodes: 'makes, reads, writes and deletes znodes, and is refused by name',
  container_and_ttl: 'makes containers that go when they are empty and znodes that go when their time is over',
  watches: 'hears of data, children, creation and deletion, and not by a watch that it took away',
  multi: 'commits a multi whole, or nothing of it',
  many_at_once: 'has a thousand requests in flight',
  access_lists: 'closes znodes with digest access lists; super opens them; an unknown scheme ends the session',
  cut_line: 'keeps session, identities and watches over a cut line, and hears what it missed',
  killed_server: 'keeps session, ephemerals and watches over a kill -9 of the server',
  expiry: 'loses session and ephemerals when it is away for too long',
  chroot: 'lives below a chroot',
});

describe('cli_mt', () => {
  let coordinator: Coordinator;
  before(async () => {
    coordinator = await startClientsCoordinator();
  });
  after(() => coordinator.close());

  it('does what is typed', async () => {
    const shell = new Program('/usr/lib/zookeeper/bin/cli_mt', [coordinator.address], { openInput: true });
    await shell.waitFor(/state = CONNECTED_STATE/);
    let from = 0;
    const say = async (line: string, answer: RegExp): Promise<void> => {
      from = shell.stderr.length;
      shell.type(`${line}\n`);
      await shell.waitUntil(() => answer.exec(shell.stderr.slice(from)) ?? undefined, `answer to "${line}" like ${answer}`);
    };
    await say('create /typed', /\[\/typed\]: rc = 0/);
    await say('set /typed hello', /\/typed: rc = 0 Stat:[\s\S]*version=1/);
    await say('get /typed', /rc = 0\s+value_len = 5\s+hello/);
    await say('ls /', /\/: rc = 0[\s\S]*typed/);
    await say('delete /typed', /DELETED_EVENT state = CONNECTED_STATE for path \/typed/);
    await say('exists /typed', /-101/);
    shell.type('quit\n');
    shell.endInput();
    expect((await shell.finish()).code).to.equal(0);
  });
});
