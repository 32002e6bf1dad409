/** What a member shows to four-letter words, the AdminServer and Prometheus: names and order are the original's. */
import { environment } from './environment.ts';
import type { AdminView } from '../net/admin-commands.ts';
import type { EnsembleFacts } from '../net/ensemble-facts.ts';
import type { ConnectionView } from '../net/four-letter-words.ts';
import { VERSION } from '../net/four-letter-words.ts';
import type { ConnectionThrottle } from '../session/connection-throttle.ts';
import type { SnapshotFiles } from '../store/snapshot-file.ts';
import type { TxnLog } from '../store/txn-log.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { Client } from './client.ts';
import type { ClientPorts } from './client-ports.ts';
import { decimal } from './metrics.ts';
import { maxFileCount, openFileCount } from './open-files.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import type { ServerStats } from './server-stats.ts';
import type { Sessions } from './sessions.ts';
import type { ServerSettings } from './settings.ts';

/** `lop` in `cons`. */
const OP_LABELS: Readonly<Record<string, string>> = {
  create: 'CREA',
  create2: 'CREA',
  createContainer: 'CREA',
  createTTL: 'CREA',
  delete: 'DELE',
  exists: 'EXIS',
  getData: 'GETD',
  setData: 'SETD',
  getACL: 'GETA',
  setACL: 'SETA',
  getChildren: 'GETC',
  getChildren2: 'GETC',
  sync: 'SYNC',
  ping: 'PING',
  multi: 'MULT',
  multiRead: 'MLTR',
  setWatches: 'STW2',
  addWatch: 'ADDW',
  checkWatches: 'CHKW',
  removeWatches: 'REMW',
  closeSession: 'CLOS',
  auth: 'AUTH',
  reconfig: 'RECO',
  getEphemerals: 'GETE',
  getAllChildrenNumber: 'GETACN',
  whoAmI: 'HOMI',
};

export interface ViewSources {
  settings: ServerSettings;
  stats: ServerStats;
  pipeline: RequestPipeline;
  /** Null where another member tracks them. */
  sessions: Pick<Sessions, 'tracker'> | null;
  /** Null: this server is alone. */
  ensemble: EnsembleFacts | null;
  txnLog: TxnLog;
  files: SnapshotFiles;
  clock: Clock;
  clients: ReadonlySet<Client>;
  /** Null: connections are not throttled. */
  connectionThrottle: ConnectionThrottle | null;
  ports(): Pick<ClientPorts, 'port' | 'securePort' | 'handshakeCount'>;
}

export class MemberView implements AdminView {
  private readonly from: ViewSources;

  constructor(from: ViewSources) {
    this.from = from;
  }

  get mode(): string {
    return this.from.ensemble?.mode ?? 'standalone';
  }

  get isServing(): boolean {
    return this.from.ensemble?.isServing ?? true;
  }

  get isReadOnly(): boolean {
    return this.from.ensemble?.isReadOnly ?? false;
  }

  get ensemble(): EnsembleFacts | null {
    return this.from.ensemble;
  }

  get stats(): ServerStats {
    return this.from.stats;
  }

  get outstanding(): number {
    return this.from.pipeline.outstandingCount;
  }

  get lastZxid(): number {
    return Math.max(this.from.pipeline.tree.lastZxid, this.from.ensemble?.epochZxid ?? 0);
  }

  /** The original holds the root under two names. */
  get nodeCount(): number {
    return this.from.pipeline.tree.nodeCount + 1;
  }

  connections(): ConnectionView[] {
    const { clock } = this.from;
    const toWall = clock.wallMs() - clock.monotonicMs();
    return [...this.from.clients].map((client) => {
      const { stats, last, door, session } = client;
      return {
        address: door.remoteAddress,
        port: door.remotePort,
        secure: door.certified !== null,
        queued: client.pending.size,
        received: stats.received,
        sent: stats.sent,
        session: session === null ? null : { id: session.id, timeoutMs: session.timeoutMs },
        lastOp: OP_LABELS[last.op] ?? 'NA',
        establishedMs: Math.floor(client.establishedMs + toWall),
        lastXid: last.xid,
        lastZxid: last.zxid,
        lastResponseMs: Math.floor(last.atMs),
        lastLatencyMs: Math.floor(last.latencyMs),
        latencyMinMs: Math.max(0, Math.floor(stats.latencyMinMs)),
        latencyAvgMs: stats.latencyCount === 0 ? 0 : Math.floor(stats.latencySumMs / stats.latencyCount),
        latencyMaxMs: Math.floor(stats.latencyMaxMs),
      };
    });
  }

  resetConnections(): void {
    for (const client of this.from.clients) client.resetStats();
  }

  configuration(): [string, string | number][] {
    const { settings } = this.from;
    const ports = this.from.ports();
    const { data, log } = this.directorySizes();
    return [
      ['clientPort', settings.servesPlain ? ports.port : -1],
      ['secureClientPort', ports.securePort ?? -1],
      ['dataDir', settings.snapDir],
      ['dataDirSize', data],
      ['dataLogDir', settings.logDir],
      ['dataLogSize', log],
      ['tickTime', settings.tickTime],
      ['maxClientCnxns', settings.maxClientCnxns],
      ['minSessionTimeout', settings.minSessionTimeoutMs],
      ['maxSessionTimeout', settings.maxSessionTimeoutMs],
      ['clientPortListenBacklog', settings.clientPortListenBacklog],
      ['serverId', settings.serverId],
      ...(this.from.ensemble?.configuration() ?? []),
    ];
  }

  *monitor(): IterableIterator<[string, string | number]> {
    yield* this.gauges();
    yield* this.from.stats.metrics.entries();
  }

  /** What is so at this moment. */
  gauges(): [string, string | number][] {
    const { stats, pipeline, sessions, clients } = this.from;
    const { tree } = pipeline;
    return [
      ['version', VERSION],
      ['server_state', this.mode],
      ['ephemerals_count', tree.ephemeralCount],
      ['num_alive_connections', clients.size],
      ['avg_latency', stats.latencyAvg],
      ['outstanding_requests', pipeline.outstandingCount],
      ['znode_count', this.nodeCount],
      ['global_sessions', sessions?.tracker.size ?? tree.sessions.size],
      ['non_mtls_remote_conn_count', 0],
      ['last_client_response_size', stats.responseSizeLast],
      ['packets_sent', stats.packetsSent],
      ['packets_received', stats.packetsReceived],
      ['max_client_response_size', stats.responseSizeMax],
      ['connection_drop_probability', decimal(this.from.connectionThrottle?.dropChance ?? 0)],
      ['watch_count', pipeline.watches.size],
      ['auth_failed_count', stats.authFailedCount],
      ['min_latency', stats.latencyMinMs],
      ['max_file_descriptor_count', maxFileCount()],
      ['approximate_data_size', tree.approximateDataSize],
      ['open_file_descriptor_count', openFileCount()],
      ['local_sessions', this.from.ensemble?.localSessionCount ?? 0],
      ['uptime', this.uptimeMs],
      ['max_latency', stats.latencyMaxMs],
      ['outstanding_tls_handshake', this.from.ports().handshakeCount],
      ['min_client_response_size', stats.responseSizeMin],
      ['non_mtls_local_conn_count', 0],
      ...(this.from.ensemble?.gauges() ?? []),
    ];
  }

  directorySizes(): { data: number; log: number } {
    const { files, txnLog, settings } = this.from;
    const data = files.size();
    const log = txnLog.size();
    return settings.snapDir === settings.logDir ? { data: data + log, log: data + log } : { data, log };
  }

  sessionsByExpiry(): [number, bigint[]][] {
    const { sessions, clock } = this.from;
    if (sessions === null) return [];
    const toWall = clock.wallMs() - clock.monotonicMs();
    return sessions.tracker
      .bucketsInOrder()
      .filter(([, bucket]) => bucket.size > 0)
      .map(([deadlineMs, bucket]) => [deadlineMs + toWall, [...bucket].map(({ id }) => id)]);
  }

  ephemerals(): Iterable<[bigint, Iterable<string>]> {
    return this.from.pipeline.tree.ephemerals;
  }

  environment(): [string, string][] {
    return environment();
  }

  get sessionlessExpiryMs(): number {
    const tickMs = this.from.settings.tickTime;
    return Math.ceil((this.from.clock.wallMs() + this.from.settings.sessionlessCnxnTimeout) / tickMs) * tickMs;
  }

  get initialConfig(): string {
    return this.from.settings.initialConfig;
  }

  get uptimeMs(): number {
    return Math.floor(this.from.clock.monotonicMs() - this.from.stats.startMs);
  }

  get authFailedCount(): number {
    return this.from.stats.authFailedCount;
  }

  get responseSizes(): { last: number; min: number; max: number } {
    const { stats } = this.from;
    return { last: stats.responseSizeLast, min: stats.responseSizeMin, max: stats.responseSizeMax };
  }

  watchSummary(): { connections: number; paths: number; watches: number } {
    let paths = 0;
    let watches = 0;
    const connections = new Set<bigint>();
    for (const [, sessionIds] of this.dataWatches()) {
      paths++;
      watches += sessionIds.length;
      for (const id of sessionIds) connections.add(id);
    }
    return { connections: connections.size, paths, watches };
  }

  /** The newest snapshot, or null before the first one. */
  lastSnapshot(): { zxid: number; timestampMs: number } | null {
    return this.from.files.newest();
  }

  *dataWatches(): IterableIterator<[string, bigint[]]> {
    for (const [path, clients] of this.from.pipeline.watches.dataWatches()) {
      yield [path, clients.map(({ session }) => session?.id ?? 0n)];
    }
  }
}
