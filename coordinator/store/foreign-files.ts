/** Keeps a server from starting empty beside the data of Apache ZooKeeper, whose files are of another format. */
import { existsSync, readdirSync } from 'node:fs';
import { StoreError } from './txn-log.ts';

/** ZooKeeper's own: `log.1`, `snapshot.2f`, also compressed. */
const FOREIGN = /^(?:log|snapshot)\.[0-9a-f]+(?:\.(?:gz|snappy))?$/;

/** A log of ours, a snapshot of ours. */
const OURS = /^(?:txnlog\.sqlite|snapshot-[0-9a-f]+)$/;

/** Throws `StoreError` when `dir` has a ZooKeeper's files and none of ours. */
export function refuseForeignFiles(dir: string): void {
  if (!existsSync(dir)) return;
  const names = readdirSync(dir);
  const found = names.filter((name) => FOREIGN.test(name));
  if (found.length === 0 || names.some((name) => OURS.test(name))) return;
  throw new StoreError(
    'STORE_SCHEMA',
    `Data directory "${dir}" has the files of an Apache ZooKeeper (${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}), which this server cannot read. ` +
      'Give this server a dataDir (and dataLogDir) of its own; to bring the znodes over, run both and copy them with a client',
  );
}
