/**
 * What the AdminServer answers: one command a row, under its own name and the four-letter word's, each a JSON object in the shape of
 * the original's (`Commands`). `command` and `error` end every answer.
 */
import type { EnsembleFacts } from './ensemble-facts.ts';
import type { ConnectionView, ServerView } from './four-letter-words.ts';
import { NOT_SERVING, VERSION, watchesBySession } from './four-letter-words.ts';
import type { Json } from './pretty-json.ts';

/** What the AdminServer shows beyond four-letter words. */
export interface AdminView extends ServerView {
  readonly initialConfig: string;
  readonly uptimeMs: number;
  readonly authFailedCount: number;
  readonly responseSizes: { last: number; min: number; max: number };
  lastSnapshot(): { zxid: number; timestampMs: number } | null;
}

type Body = { readonly [key: string]: Json };
type Arguments = URLSearchParams;

interface Command {
  names: readonly [primary: string, ...aliases: string[]];
  run(view: AdminView, args: Arguments): Body;
}

const snakeCase = (key: string): string => key.replace(/([A-Z])/g, '_$1').toLowerCase();

const STANDALONE = 'server is not initialized';

const COMMANDS: readonly Command[] = [
  {
    names: ['configuration', 'conf', 'config'],
    run: (view) => {
      const shown = new Map(view.configuration());
      const keys = ['clientPort', 'dataDir', 'dataLogDir', 'tickTime', 'maxClientCnxns', 'minSessionTimeout', 'maxSessionTimeout', 'serverId', 'clientPortListenBacklog'];
      if (view.ensemble !== null) keys.push('initLimit', 'syncLimit', 'electionAlg', 'electionPort', 'quorumPort', 'peerType');
      return Object.fromEntries(keys.map((key) => [snakeCase(key), shown.get(key) ?? null]));
    },
  },
  {
    names: ['connection_stat_reset', 'crst'],
    run: (view) => {
      view.resetConnections();
      return {};
    },
  },
  { names: ['connections', 'cons'], run: (view) => connectionLists(view, fullConnection) },
  {
    names: ['dirs'],
    run: (view) => {
      const { data, log } = view.directorySizes();
      return { datadir_size: data, logdir_size: log };
    },
  },
  {
    names: ['dump'],
    run: (view) => ({
      expiry_time_to_session_ids: Object.fromEntries(view.sessionsByExpiry().map(([expiresMs, ids]) => [String(expiresMs), [...ids]])),
      session_id_to_ephemeral_paths: Object.fromEntries([...view.ephemerals()].map(([id, paths]) => [String(id), [...paths]])),
    }),
  },
  { names: ['environment', 'env', 'envi'], run: (view) => Object.fromEntries(view.environment()) },
  { names: ['get_trace_mask', 'gtmk'], run: (view) => ({ tracemask: view.stats.traceMask }) },
  // Members compare their trees by these; alone there is nobody to compare with.
  { names: ['hash'], run: () => ({ digests: [] }) },
  { names: ['initial_configuration', 'icfg'], run: (view) => ({ initial_configuration: view.initialConfig }) },
  { names: ['is_read_only', 'isro'], run: (view) => ({ read_only: view.ensemble?.isReadOnly ?? false }) },
  {
    names: ['last_snapshot', 'lsnp'],
    run: (view) => {
      const newest = view.lastSnapshot();
      if (newest === null) return { zxid: 'ffffffffffffffff', timestamp: -1 };
      return { zxid: newest.zxid.toString(16), timestamp: Math.floor(newest.timestampMs / 1000) };
    },
  },
  { names: ['leader', 'lead'], run: (view) => (view.ensemble === null ? { error: STANDALONE } : leaderOf(view.ensemble)) },
  { names: ['monitor', 'mntr'], run: (view) => Object.fromEntries([...view.monitor()].map(([key, value]) => [key, numeric(key, value)])) },
  { names: ['observer_connection_stat_reset', 'orst'], run: () => ({}) },
  {
    names: ['observers', 'obsr'],
    run: ({ ensemble }) => {
      const observers = ensemble?.observers() ?? [];
      return { synced_observers: observers.length, observers };
    },
  },
  { names: ['ruok'], run: () => ({}) },
  { names: ['server_stats', 'srvr'], run: serverStats },
  {
    names: ['set_trace_mask', 'stmk'],
    run: (view, args): Body => {
      const given = args.get('traceMask');
      if (given === null) return { error: 'setTraceMask requires long traceMask argument' };
      if (!/^[+-]?\d{1,19}$/.test(given)) return { error: `setTraceMask requires long traceMask argument, got ${given}` };
      view.stats.traceMask = BigInt.asIntN(64, BigInt(given));
      return { tracemask: view.stats.traceMask };
    },
  },
  {
    names: ['stat_reset', 'srst'],
    run: (view) => {
      view.stats.reset();
      return {};
    },
  },
  {
    names: ['stats', 'stat'],
    run: (view) => ({ ...serverStats(view), ...connectionLists(view, briefConnection) }),
  },
  {
    names: ['system_properties', 'sysp'],
    run: (view) => Object.fromEntries([...view.environment()].sort(([one], [other]) => (one < other ? -1 : 1))),
  },
  { names: ['voting_view'], run: ({ ensemble }) => ({ current_config: ensemble?.votingView() ?? {} }) },
  {
    names: ['watch_summary', 'wchs'],
    run: (view) => {
      const { connections, paths, watches } = view.watchSummary();
      return { num_connections: connections, num_paths: paths, num_total_watches: watches };
    },
  },
  {
    names: ['watches', 'wchc'],
    run: (view) => ({
      session_id_to_watched_paths: Object.fromEntries([...watchesBySession(view)].map(([id, paths]) => [String(id), paths])),
    }),
  },
  {
    names: ['watches_by_path', 'wchp'],
    run: (view) => ({ path_to_session_ids: Object.fromEntries([...view.dataWatches()].map(([path, ids]) => [path, [...ids]])) }),
  },
  { names: ['zabstate'], run: ({ ensemble }) => ensemble?.zabState() ?? { voting: false, zabstate: '' } },
];

/** What is answered while nothing is served. */
const UNSERVED: ReadonlySet<string> = new Set(['environment', 'get_trace_mask', 'initial_configuration', 'ruok', 'set_trace_mask', 'system_properties', 'voting_view', 'zabstate']);

const BY_NAME = new Map(COMMANDS.flatMap((command) => command.names.map((name) => [name, command] as const)));

/** The commands under their own names, in order: the links of the first page. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ names }) => names[0]).sort();

/** The answer to `name`: for an unknown one too. */
export function runAdminCommand(view: AdminView, name: string, args: Arguments): Body {
  const command = BY_NAME.get(name);
  if (command === undefined) return { command: name, error: `Unknown command: ${name}` };
  if (!(view.ensemble?.isServing ?? true) && !UNSERVED.has(command.names[0])) return { command: command.names[0], error: NOT_SERVING.trim() };
  const body = command.run(view, args);
  return 'error' in body ? { ...body, command: command.names[0] } : { ...body, command: command.names[0], error: null };
}

function leaderOf({ leader }: EnsembleFacts): Body {
  return leader === null ? { is_leader: false, leader_id: -1, leader_ip: '' } : { is_leader: leader.isLeader, leader_id: leader.id, leader_ip: leader.address };
}

function serverStats(view: AdminView): Body {
  const { stats, responseSizes: sizes } = view;
  const { data, log } = view.directorySizes();
  const responses = { last_buffer_size: sizes.last, min_buffer_size: sizes.min, max_buffer_size: sizes.max };
  return {
    version: VERSION,
    read_only: view.ensemble?.isReadOnly ?? false,
    server_stats: {
      packets_sent: stats.packetsSent,
      packets_received: stats.packetsReceived,
      fsync_threshold_exceed_count: 0,
      client_response_stats: responses,
      provider_null: false,
      data_dir_size: data,
      log_dir_size: log,
      last_processed_zxid: view.lastZxid,
      outstanding_requests: view.outstanding,
      server_state: view.mode,
      avg_latency: Number(stats.latencyAvg),
      max_latency: stats.latencyMaxMs,
      min_latency: stats.latencyMinMs,
      num_alive_client_connections: view.connections().length,
      uptime: view.uptimeMs,
      auth_failed_count: view.authFailedCount,
      non_mtlsremote_conn_count: 0,
      non_mtlslocal_conn_count: 0,
    },
    client_response: responses,
    node_count: view.nodeCount,
  };
}

/** `mntr` is text; here its numbers are numbers. */
function numeric(key: string, value: string | number): Json {
  return typeof value === 'string' && key !== 'version' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function connectionLists(view: AdminView, show: (connection: ConnectionView) => Body): Body {
  const all = view.connections();
  return {
    connections: all.filter(({ secure }) => !secure).map(show),
    secure_connections: all.filter(({ secure }) => secure).map(show),
  };
}

function briefConnection(c: ConnectionView): Body {
  return {
    remote_socket_address: `${c.address}:${c.port}`,
    interest_ops: 1,
    outstanding_requests: c.queued,
    packets_received: c.received,
    packets_sent: c.sent,
  };
}

function fullConnection(c: ConnectionView): Body {
  return {
    ...briefConnection(c),
    session_id: c.session?.id ?? 0,
    last_operation: c.lastOp,
    established: c.establishedMs,
    session_timeout: c.session?.timeoutMs ?? 0,
    last_cxid: c.lastXid,
    last_zxid: c.lastZxid,
    last_response_time: c.lastResponseMs,
    last_latency: c.lastLatencyMs,
    min_latency: c.latencyMinMs,
    avg_latency: c.latencyAvgMs,
    max_latency: c.latencyMaxMs,
  };
}
