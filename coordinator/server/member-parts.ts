/** What every member is made of, alone or in an ensemble: its files, its rules, what it counts. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { DoorCounts } from '../net/door.ts';
import { SnapshotFiles } from '../store/snapshot-file.ts';
import { SqliteTxnLog } from '../store/sqlite-txn-log.ts';
import type { TxnLog, TxnLogEvents } from '../store/txn-log.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { Role } from '../zab/peer-types.ts';
import { Authenticator } from './authenticator.ts';
import type { LookInError } from './look-ins.ts';
import type { ServerStats } from './server-stats.ts';
import type { MemberView } from './server-view.ts';
import type { ServerSettings } from './settings.ts';

export interface MemberDeps {
  clock?: Clock;
  /** Opens the log; SQLite in `settings.logDir` by default. */
  openLog?: (events: TxnLogEvents) => Promise<TxnLog>;
  /** The log failed for good: nothing can be acknowledged any more. The process should end. */
  onFailure?: (error: Error) => void;
  /** The properties file: a changed ensemble is kept beside it. */
  configFile?: string;
  /** A member of an ensemble has another role. */
  onRole?: (role: Role, reason: string) => void;
}

export interface Member {
  /** The client port, 0 where there is only a secure one. */
  readonly port: number;
  /** Null where there is no such server. */
  readonly securePort: number | null;
  readonly adminPort: number | null;
  readonly metricsPort: number | null;
  /** Why one of these could not be opened; clients are served all the same. */
  readonly lookInFailure: LookInError | null;
  readonly tree: DataTree;
  readonly view: MemberView;
  /** In an ensemble. */
  readonly role?: Role;
  /** Takes a snapshot now. */
  snapshot(): Promise<void>;
  /** Ends all connections (not the sessions) and closes the files. Everything acknowledged is on the disk. */
  close(): Promise<void>;
}

export interface Store {
  readonly files: SnapshotFiles;
  readonly txnLog: TxnLog;
}

/** Opens snapshots and log. `onDurable` hears of everything that is on the disk. */
export async function openStore(
  settings: ServerSettings,
  deps: MemberDeps,
  { log, stats, onDurable }: { log: Logger; stats: ServerStats; onDurable(lastZxid: number): void },
): Promise<Store> {
  const events: TxnLogEvents = {
    durable: onDurable,
    failed: (error) => {
      stats.metrics.counters.unrecoverable_error_count.add();
      log.error(`Severe unrecoverable error, exiting: ${error.message}`, { error });
      deps.onFailure?.(error);
    },
    stalled: (stalled, reason) => {
      if (stalled) log.error(`Cannot write the txn log (${reason}): no write is acknowledged until there is room`);
      else log.info('The txn log can be written again');
    },
  };
  const files = new SnapshotFiles(settings.snapDir);
  const txnLog = await (deps.openLog?.(events) ??
    SqliteTxnLog.open({ dir: settings.logDir, forceSync: settings.forceSync === 'yes' }, events));
  return { files, txnLog };
}

export function accessRulesOf(settings: ServerSettings): AccessRules {
  return {
    skip: settings.skipAcl === 'yes',
    superDigest: settings.superDigest,
    digestAlgorithm: settings.digestAlg.toLowerCase(),
    providers: settings.authProviders,
    anySaslName: settings.letAnySaslUserDoX,
  };
}

export function authenticatorOf(settings: ServerSettings, rules: AccessRules, log: Logger): Authenticator {
  return new Authenticator({
    rules,
    saslUsers: settings.saslUsers,
    superUsers: settings.superUsers,
    ensembleNames: settings.ensembleAuthName,
    enforcedSchemes: settings.enforcedSchemes,
    allowSaslFailed: settings.allowSaslFailedClients,
    nonce: () => randomBytes(24).toString('base64'),
    log,
  });
}

/** What the doors count. */
export function doorCountsOf(stats: ServerStats): DoorCounts {
  const { counters } = stats.metrics;
  return {
    bytesReceived: (count) => counters.bytes_received_count.add(count),
    requestTooLarge: () => counters.large_requests_rejected.add(),
    rejected: () => counters.connection_rejected.add(),
    silent: () => counters.sessionless_connections_expired.add(),
    handshakeFailed: () => {
      stats.authFailedCount++;
      counters.unsuccessful_handshake.add();
    },
    handshakesExceeded: () => counters.tls_handshake_exceeded.add(),
  };
}

const SECRET_KEY = 'session-secret';

/** The key of session passwords, kept with the log so that sessions survive a restart; null before there is one. */
export function knownSecret(txnLog: TxnLog): Buffer | null {
  const known = txnLog.meta.get(SECRET_KEY);
  return known === undefined ? null : Buffer.from(known, 'hex');
}

export function keepSecret(txnLog: TxnLog, secret: Uint8Array): Promise<void> {
  return txnLog.setMeta(SECRET_KEY, Buffer.from(secret).toString('hex'));
}

/** The key of session passwords, made now if there is none. */
export async function sessionSecret(txnLog: TxnLog): Promise<Buffer> {
  const known = knownSecret(txnLog);
  if (known !== null) return known;
  const secret = randomBytes(32);
  await keepSecret(txnLog, secret);
  return secret;
}
