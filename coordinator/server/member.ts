/**
 * One coordinator: recovers tree and sessions from snapshot and log, opens the client port, and joins the pipeline to
 * network, disk and clock. Alone, it commits what its own log holds; in an ensemble that decision moves to the quorum.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.ts';
import { systemClock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Request } from '../../shared/znode/operations.ts';
import type { ConnectMessage, Door, Gate, Gatekeeper } from '../net/door.ts';
import { FourLetterWords } from '../net/four-letter-words.ts';
import type { ConnectionThrottle } from '../session/connection-throttle.ts';
import { firstSessionId } from '../session/session-minting.ts';
import { SnapshotFiles } from '../store/snapshot-file.ts';
import { SqliteTxnLog } from '../store/sqlite-txn-log.ts';
import type { StoreError, TxnLog, TxnLogEvents } from '../store/txn-log.ts';
import type { AccessRules } from '../tree/acl-check.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { Authenticator } from './authenticator.ts';
import { Client } from './client.ts';
import type { ClientPorts } from './client-ports.ts';
import { openClientPorts } from './client-ports.ts';
import { assertLimits } from './limits.ts';
import { OwnOrder } from './own-order.ts';
import { Proposals } from './proposals.ts';
import { RateLog } from './rate-log.ts';
import { recover } from './recovery.ts';
import { RequestPipeline } from './request-pipeline.ts';
import { ServerStats } from './server-stats.ts';
import type { LookInError } from './look-ins.ts';
import { openLookIns } from './look-ins.ts';
import { MemberView } from './server-view.ts';
import { Sessions } from './sessions.ts';
import type { RequestThrottler } from './request-throttler.ts';
import type { ServerSettings } from './settings.ts';
import { Snapshotter } from './snapshotter.ts';
import { connectionThrottleOf, requestThrottlerOf } from './throttles.ts';
import { ZnodeSweeper } from './znode-sweeper.ts';

export interface MemberDeps {
  clock?: Clock;
  /** Opens the log; SQLite in `settings.logDir` by default. */
  openLog?: (events: TxnLogEvents) => Promise<TxnLog>;
  /** The log failed for good: nothing can be acknowledged any more. The process should end. */
  onFailure?: (error: StoreError) => void;
}

export interface Member {
  /** The client port. */
  readonly port: number;
  /** The port for TLS alone; null where there is none. */
  readonly securePort: number | null;
  /** Null where there is no such server. */
  readonly adminPort: number | null;
  readonly metricsPort: number | null;
  /** Why one of these could not be opened; clients are served all the same. */
  readonly lookInFailure: LookInError | null;
  readonly tree: DataTree;
  readonly view: MemberView;
  /** Takes a snapshot now. */
  snapshot(): Promise<void>;
  /** Ends all connections (not the sessions) and closes the files. Everything acknowledged is on the disk. */
  close(): Promise<void>;
}

const SECRET_KEY = 'session-secret';

/** Starts a member. Resolves when it serves; rejects with a `StoreError` or the system's error for the port. */
export async function startMember(settings: ServerSettings, deps: MemberDeps = {}): Promise<Member> {
  assertLimits();
  const clock = deps.clock ?? systemClock;
  const log = createLogger('org.apache.zookeeper.server.ZooKeeperServer');
  const stats = new ServerStats(clock.monotonicMs());
  const { counters, summaries } = stats.metrics;

  // The log exists before what its news concern: until then there is none.
  let onDurable = (_lastZxid: number): void => undefined;
  const events: TxnLogEvents = {
    durable: (lastZxid) => onDurable(lastZxid),
    failed: (error) => {
      counters.unrecoverable_error_count.add();
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
  try {
    const tree = await recover(files, txnLog, createLogger('org.apache.zookeeper.server.persistence.FileTxnSnapLog'), stats.metrics);
    const secret = await sessionSecret(txnLog);
    const rules: AccessRules = {
      skip: settings.skipAcl === 'yes',
      superDigest: settings.superDigest,
      digestAlgorithm: settings.digestAlg.toLowerCase(),
      providers: settings.authProviders,
    };
    const snapshotter = new Snapshotter({
      tree,
      txnLog,
      files,
      snapCount: settings.snapCount,
      retainCount: settings.snapRetainCount,
      log,
      random: Math.random,
      took: (ms) => summaries.snapshottime.add(ms),
    });
    const sessions = new Sessions({
      clock,
      log,
      tickTimeMs: settings.tickTime,
      minSessionTimeoutMs: settings.minSessionTimeoutMs,
      maxSessionTimeoutMs: settings.maxSessionTimeoutMs,
      firstId: firstSessionId(settings.serverId, clock.wallMs()),
      secret,
      metrics: stats.metrics,
    });
    const quotaLog = new RateLog((line) => log.warn(line), clock);
    const proposals = new Proposals(txnLog, clock, stats.metrics);
    const order = new OwnOrder({
      tree,
      proposals,
      rules,
      ttlsEnabled: settings.extendedTypesEnabled,
      ...(settings.enforceQuota ? { quotaExceeded: ({ line }) => quotaLog.once(line) } : {}),
      clock,
      lastZxid: tree.lastZxid,
    });
    const pipeline = new RequestPipeline({
      tree,
      order,
      rules,
      authenticator: new Authenticator({
        rules,
        saslUsers: settings.saslUsers,
        superUser: settings.superUser,
        enforcedSchemes: settings.enforcedSchemes,
        allowSaslFailed: settings.allowSaslFailedClients,
        nonce: () => randomBytes(24).toString('base64'),
        log,
      }),
      globalOutstandingLimit: settings.globalOutstandingLimit,
      clock,
      stats,
      sessionCreated: (client, sessionId) => sessions.created(client, sessionId),
      sessionClosed: (_client, sessionId) => sessions.closed(sessionId),
      applied: (count) => {
        snapshotter.applied(count);
        requestThrottler?.finished();
      },
    });
    onDurable = (lastZxid) => {
      // The disk first: it works on the next batch while this one is applied.
      proposals.batchDurable();
      order.committed(lastZxid);
    };
    sessions.restore(tree.sessions);

    const requestThrottler = requestThrottlerOf(settings, clock, stats, pipeline);
    const connectionThrottle = connectionThrottleOf(settings, clock);
    const clients = new Set<Client>();
    const context: GateContext = {
      pipeline, sessions, clients, stats, clock, requestThrottler, connectionThrottle, log,
      localSessions: settings.localSessionsEnabled,
    };
    const gatekeeper: Gatekeeper = { open: (door) => new ClientGate(door, context) };
    const view: MemberView = new MemberView({
      settings,
      stats,
      pipeline,
      sessions,
      txnLog,
      files,
      clock,
      clients,
      connectionThrottle,
      ports: () => clientPorts,
    });
    const clientPorts: ClientPorts = await openClientPorts(settings, {
      gatekeeper,
      words: new FourLetterWords(view, settings.fourLetterWords),
      counts: {
        bytesReceived: (count) => counters.bytes_received_count.add(count),
        requestTooLarge: () => counters.large_requests_rejected.add(),
        rejected: () => counters.connection_rejected.add(),
        silent: () => counters.sessionless_connections_expired.add(),
        handshakeFailed: () => {
          stats.authFailedCount++;
          counters.unsuccessful_handshake.add();
        },
        handshakesExceeded: () => counters.tls_handshake_exceeded.add(),
      },
    });
    const sweeper = new ZnodeSweeper({
      tree,
      clock,
      remove: (path) => order.deleteContainer(path),
      intervalMs: settings.containerCheckIntervalMs,
      maxPerMinute: settings.containerMaxPerMinute,
      maxNeverUsedIntervalMs: settings.containerMaxNeverUsedIntervalMs,
    });
    const lookIns = await openLookIns(settings, view, stats);
    sessions.start(pipeline);
    sweeper.start();

    return {
      port: clientPorts.port,
      securePort: clientPorts.securePort,
      adminPort: lookIns.adminPort,
      metricsPort: lookIns.metricsPort,
      lookInFailure: lookIns.failure,
      tree,
      view,
      snapshot: () => snapshotter.take(),
      close: async () => {
        sessions.stop();
        requestThrottler?.stop();
        sweeper.stop();
        await lookIns.close();
        await clientPorts.close();
        await snapshotter.close();
        onDurable = () => undefined;
        await txnLog.close();
      },
    };
  } catch (error) {
    await txnLog.close();
    throw error;
  }
}

/** The key of session passwords: made once, kept with the log, so that sessions survive a restart. */
async function sessionSecret(txnLog: TxnLog): Promise<Buffer> {
  const known = txnLog.meta.get(SECRET_KEY);
  if (known !== undefined) return Buffer.from(known, 'hex');
  const secret = randomBytes(32);
  await txnLog.setMeta(SECRET_KEY, secret.toString('hex'));
  return secret;
}

interface GateContext {
  pipeline: RequestPipeline;
  sessions: Sessions;
  clients: Set<Client>;
  stats: ServerStats;
  clock: Clock;
  /** Null: not throttled. */
  requestThrottler: RequestThrottler | null;
  connectionThrottle: ConnectionThrottle | null;
  localSessions: boolean;
  log: Logger;
}

/** Joins one connection to sessions and pipeline. */
class ClientGate implements Gate {
  private readonly context: GateContext;
  private readonly client: Client;

  constructor(door: Door, context: GateContext) {
    this.context = context;
    this.client = new Client(door, context.pipeline.markDirty, context.clock.monotonicMs());
    context.clients.add(this.client);
  }

  connect(message: ConnectMessage): void {
    this.context.stats.packetsReceived++;
    this.client.stats.received++;
    if (!this.isAdmitted(message)) return;
    this.context.sessions.connect(this.context.pipeline, this.client, message);
  }

  request(xid: number, request: Request): void {
    const { client, context } = this;
    const { session } = client;
    context.stats.packetsReceived++;
    // No session was granted: the connection is being closed.
    if (session === null) return;
    context.sessions.touch(session);
    if (context.requestThrottler === null) context.pipeline.request(client, xid, request);
    else context.requestThrottler.submit(client, xid, request);
  }

  unknown(xid: number, _type: number): void {
    const { client, context } = this;
    context.stats.packetsReceived++;
    if (client.session === null) return;
    if (context.requestThrottler === null) context.pipeline.unknown(client, xid);
    else context.requestThrottler.submit(client, xid, null);
  }

  /** Where connections are throttled: has this one its tokens? Else it is closed without an answer, as in the original. */
  private isAdmitted({ sessionId }: ConnectMessage): boolean {
    const { connectionThrottle, localSessions, stats, clock, log } = this.context;
    if (connectionThrottle === null) return true;
    const kind = sessionId !== 0n ? 'renew' : localSessions ? 'local' : 'global';
    const admitted = connectionThrottle.admit(kind, clock.monotonicMs());
    if (admitted) {
      stats.metrics.summaries.connection_token_deficit.add(connectionThrottle.deficit);
    } else {
      stats.metrics.counters.connection_rejected.add();
      log.warn(`Refusing a session of /${this.client.door.remoteAddress}:${this.client.door.remotePort}: connections are throttled (connectionMaxTokens)`);
      this.client.door.close();
    }
    return admitted;
  }

  endOfBatch(): void {
    this.context.pipeline.flush();
  }

  drained(): void {
    this.context.pipeline.drained(this.client);
  }

  closed(): void {
    const { client, context } = this;
    if (client.gone) return;
    context.clients.delete(client);
    context.stats.metrics.counters.connection_drop_count.add();
    context.pipeline.disconnected(client);
    if (client.session?.client === client) context.sessions.disconnected(context.pipeline, client.session);
  }
}
