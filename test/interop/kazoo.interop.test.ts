/** kazoo, ZooKeeper's client for Python: znodes, watches, transactions, access lists, SASL, broken lines, and every recipe it has. */
import { join } from 'node:path';
import { python } from './support/clients.ts';
import { describeClient } from './support/client-cases.ts';

describeClient('kazoo', () => [python, join(import.meta.dirname, 'python/kazoo_cases.py')], {
  nodes: 'makes, reads, writes and deletes znodes of its kinds, and is refused by name',
  many_at_once: 'has hundreds of requests in flight, answered in order',
  watches: 'hears of each change once, before an answer that shows it',
  data_and_children_watch: 'follows data and children with DataWatch and ChildrenWatch',
  transactions: 'commits a transaction whole, or nothing of it',
  access_lists: 'closes znodes with digest, ip and default access lists; super opens them',
  wrong_auth: 'loses its session by a scheme that does not exist',
  sasl: 'logs in by SASL DIGEST-MD5, and not with a wrong password',
  cut_line: 'keeps session, identities, DataWatch and ChildrenWatch over a cut line, and hears what it missed',
  killed_server: 'keeps session, ephemerals and DataWatch over a kill -9 of the server',
  expiry: 'loses session and ephemerals when it is away for too long',
  stop_ends_session: 'takes its ephemerals away when it stops',
  locks: 'Lock: one at a time, and the next one when the holder goes',
  read_write_locks: 'ReadLock and WriteLock: readers together, a writer alone',
  semaphores: 'Semaphore: as many as there are leases',
  elections: 'Election: each candidate in its turn',
  barriers: 'Barrier and DoubleBarrier: nobody goes on before all do',
  parties: 'Party and ShallowParty: who is there',
  queues: 'Queue by priority, LockingQueue with items that come back',
  counting: 'Counter: nothing lost among four that count',
  leases: 'NonBlockingLease: for a time, one at a time',
  tree_cache: 'TreeCache: a subtree as it changes',
  chroot: 'lives below a chroot',
  four_letters: 'asks for the version by four-letter words',
});
