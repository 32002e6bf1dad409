/** go-zookeeper (`github.com/go-zookeeper/zk`): znodes of all kinds, watches, multi, access lists, broken lines, its lock. */
import { describeClient } from './support/client-cases.ts';
import { goCases } from './support/clients.ts';

describeClient('go-zookeeper', () => [goCases], {
  nodes: 'makes, reads, writes and deletes znodes, and is refused by name',
  container_and_ttl: 'makes containers that go when they are empty and znodes that go when their time is over',
  many_at_once: 'has a thousand requests in flight',
  watches: 'hears of data, children, creation and deletion',
  multi: 'commits a multi whole, or nothing of it',
  access_lists: 'closes znodes with digest access lists; super opens them',
  cut_line: 'keeps session, identities and watches over a cut line, and hears what it missed',
  killed_server: 'keeps session, ephemerals and watches over a kill -9 of the server',
  expiry: 'loses session and ephemerals when it is away for too long, and gets a new session',
  lock: 'Lock: one at a time, and the next one when the holder goes',
  four_letters: 'asks by the four-letter word ruok',
});
