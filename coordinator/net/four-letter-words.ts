/**
 * Four-letter words: what operators and monitoring send raw to the client port, answered in the original's text, because
 * tools parse it. Which ones are answered is a setting; the others are refused by name.
 */
import type { EnsembleFacts } from './ensemble-facts.ts';

export const VERSION = '3.8.4-vivarium, built on 2026-11-22 00:00 UTC';

export interface ConnectionView {
  address: string;
  port: number;
  /** Over TLS. */
  secure: boolean;
  queued: number;
  received: number;
  sent: number;
  /** Null until it has a session. */
  session: { id: bigint; timeoutMs: number } | null;
  lastOp: string;
  establishedMs: number;
  lastXid: number;
  lastZxid: number;
  lastResponseMs: number;
  lastLatencyMs: number;
  latencyMinMs: number;
  latencyAvgMs: number;
  latencyMaxMs: number;
}

/** What the words show of a server. */
export interface ServerView {
  readonly mode: string;
  /** Null: alone. */
  readonly ensemble: EnsembleFacts | null;
  readonly stats: {
    latencyMinMs: number;
    latencyMaxMs: number;
    latencyAvg: string;
    packetsReceived: number;
    packetsSent: number;
    traceMask: bigint;
    reset(): void;
  };
  readonly outstanding: number;
  readonly lastZxid: number;
  readonly nodeCount: number;
  connections(): readonly ConnectionView[];
  resetConnections(): void;
  /** Lines `key=value`. */
  configuration(): readonly (readonly [key: string, value: string | number])[];
  /** Without the `zk_` prefix, in order. */
  monitor(): Iterable<readonly [key: string, value: string | number]>;
  directorySizes(): { data: number; log: number };
  /** Name and value, without `java.` for what has no such thing here. */
  environment(): readonly (readonly [name: string, value: string])[];
  /** Wall ms at which a connection that has no session is ended. */
  readonly sessionlessExpiryMs: number;
  sessionsByExpiry(): readonly (readonly [expiresMs: number, sessionIds: readonly bigint[]])[];
  ephemerals(): Iterable<readonly [sessionId: bigint, paths: Iterable<string>]>;
  watchSummary(): { connections: number; paths: number; watches: number };
  dataWatches(): Iterable<readonly [path: string, sessionIds: readonly bigint[]]>;
}

/** Where the word came from: the connection that asks is one of those shown. */
export interface Asking {
  address: string;
  port: number;
}

type Word = (view: ServerView, asking: Asking) => string;

const hex = (value: bigint | number): string => `0x${(typeof value === 'bigint' ? BigInt.asUintN(64, value) : value).toString(16)}`;

const WORDS: Readonly<Record<string, Word>> = {
  ruok: () => 'imok',
  isro: (view) => (view.ensemble?.isReadOnly === true ? 'ro' : 'rw'),
  gtmk: (view) => String(view.stats.traceMask),
  stmk: (view) => String(view.stats.traceMask),
  srvr: (view) => `Zookeeper version: ${VERSION}\n${serverText(view)}`,
  stat: (view, asking) =>
    `Zookeeper version: ${VERSION}\nClients:\n${askingLine(asking)}${view.connections().map(briefConnection).join('')}\n${serverText(view)}`,
  cons: (view, asking) => `${askingLine(asking)}${view.connections().map(fullConnection).join('')}\n`,
  crst: (view) => {
    view.resetConnections();
    return 'Connection stats reset.\n';
  },
  srst: (view) => {
    view.stats.reset();
    return 'Server stats reset.\n';
  },
  conf: (view) =>
    `${view.configuration().map(([key, value]) => `${key}=${value}\n`).join('')}${view.ensemble === null ? '' : `membership: \n${view.ensemble.membership()}`}`,
  mntr: (view) => {
    let text = '';
    for (const [key, value] of view.monitor()) text += `zk_${key}\t${key === 'num_alive_connections' ? Number(value) + 1 : value}\n`;
    return text;
  },
  dirs: (view) => {
    const { data, log } = view.directorySizes();
    return `datadir_size: ${data}\nlogdir_size: ${log}\n`;
  },
  dump,
  envi: (view) => `Environment:\n${view.environment().map(([key, value]) => `${key}=${value}\n`).join('')}`,
  hash: () => '',
  wchs: (view) => {
    const { connections, paths, watches } = view.watchSummary();
    return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`;
  },
  wchc: (view) =>
    `${[...watchesBySession(view)].map(([id, paths]) => `${hex(id)}\n${paths.map((path) => `\t${path}\n`).join('')}`).join('')}\n`,
  wchp: (view) =>
    `${[...view.dataWatches()].map(([path, ids]) => `${path}\n${ids.map((id) => `\t${hex(id)}\n`).join('')}`).join('')}\n`,
};

export function watchesBySession(view: ServerView): Map<bigint, string[]> {
  const bySession = new Map<bigint, string[]>();
  for (const [path, sessionIds] of view.dataWatches()) {
    for (const id of sessionIds) {
      const paths = bySession.get(id);
      if (paths === undefined) bySession.set(id, [path]);
      else paths.push(path);
    }
  }
  return bySession;
}

/** What a member answers that serves nobody. */
export const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';
const UNSERVED: ReadonlySet<string> = new Set(['ruok', 'gtmk', 'stmk', 'envi']);

/** A trace mask has eight bytes more, and is echoed as a number. */
const MASK_SIZE = 8;

export class FourLetterWords {
  private readonly view: ServerView;
  private readonly whitelist: ReadonlySet<string>;

  /** @param whitelist words that are answered; `*` allows all. */
  constructor(view: ServerView, whitelist: readonly string[]) {
    this.view = view;
    // The original's own script asks for srvr.
    this.whitelist = new Set(['srvr', ...whitelist.map((word) => word.trim())]);
  }

  isWord(word: string): boolean {
    return Object.hasOwn(WORDS, word);
  }

  private get isServing(): boolean {
    return this.view.ensemble?.isServing ?? true;
  }

  /** The text to send. `rest`: what came after the word. */
  answer(word: string, rest: Buffer, asking: Asking): string {
    this.view.stats.packetsReceived++;
    if (!this.whitelist.has('*') && !this.whitelist.has(word)) {
      return `${word} is not executed because it is not in the whitelist.\n`;
    }
    if (word === 'stmk' && rest.length >= MASK_SIZE) this.view.stats.traceMask = rest.readBigInt64BE(0);
    const text = this.isServing || UNSERVED.has(word) ? WORDS[word]!(this.view, asking) : word === 'isro' ? 'null' : NOT_SERVING;
    this.view.stats.packetsSent++;
    return text;
  }
}

function proposalSizes({ ensemble }: ServerView): string {
  const sizes = ensemble?.proposalSizes ?? null;
  return sizes === null ? '' : `Proposal sizes last/min/max: ${sizes.last}/${sizes.min}/${sizes.max}\n`;
}

function serverText(view: ServerView): string {
  const { stats } = view;
  return (
    `Latency min/avg/max: ${stats.latencyMinMs}/${stats.latencyAvg}/${stats.latencyMaxMs}\n` +
    `Received: ${stats.packetsReceived}\n` +
    `Sent: ${stats.packetsSent}\n` +
    `Connections: ${view.connections().length + 1}\n` +
    `Outstanding: ${view.outstanding}\n` +
    `Zxid: ${hex(view.lastZxid)}\n` +
    `Mode: ${view.mode}\n` +
    `Node count: ${view.nodeCount}\n${proposalSizes(view)}`
  );
}

/** The connection that asks: it has sent one packet, and nothing more is expected of it. */
function askingLine({ address, port }: Asking): string {
  return ` /${address}:${port}[0](queued=0,recved=1,sent=0)\n`;
}

function briefConnection(c: ConnectionView): string {
  return ` /${c.address}:${c.port}[1](queued=${c.queued},recved=${c.received},sent=${c.sent})\n`;
}

function fullConnection(c: ConnectionView): string {
  if (c.session === null) return briefConnection(c);
  return (
    ` /${c.address}:${c.port}[1](queued=${c.queued},recved=${c.received},sent=${c.sent},sid=${hex(c.session.id)},lop=${c.lastOp},` +
    `est=${c.establishedMs},to=${c.session.timeoutMs},lcxid=${hex(c.lastXid >>> 0)},lzxid=${hex(c.lastZxid)},lresp=${c.lastResponseMs},` +
    `llat=${c.lastLatencyMs},minlat=${c.latencyMinMs},avglat=${c.latencyAvgMs},maxlat=${c.latencyMaxMs})\n`
  );
}

function dump(view: ServerView, asking: Asking): string {
  const buckets = view.sessionsByExpiry();
  const sessionCount = buckets.reduce((sum, [, ids]) => sum + ids.length, 0);
  let text = `SessionTracker dump:\nSession Sets (${buckets.length})/(${sessionCount}):\n`;
  for (const [expiresMs, ids] of buckets) {
    text += `${ids.length} expire at ${javaDate(new Date(expiresMs))}:\n${ids.map((id) => `\t${hex(id)}\n`).join('')}`;
  }
  const ephemerals = [...view.ephemerals()];
  text += `ephemeral nodes dump:\nSessions with Ephemerals (${ephemerals.length}):\n`;
  for (const [id, paths] of ephemerals) {
    text += `${hex(id)}:\n`;
    for (const path of paths) text += `\t${path}\n`;
  }
  const expiryOf = new Map(buckets.flatMap(([expiresMs, ids]) => ids.map((id) => [id, expiresMs] as const)));
  const sets = new Map<number, string[]>();
  for (const c of [{ ...asking, session: null }, ...view.connections()]) {
    const expiresMs = c.session === null ? view.sessionlessExpiryMs : (expiryOf.get(c.session.id) ?? view.sessionlessExpiryMs);
    const line = `\tip: /${c.address}:${c.port} sessionId: ${hex(c.session?.id ?? 0n)}\n`;
    const set = sets.get(expiresMs);
    if (set === undefined) sets.set(expiresMs, [line]);
    else set.push(line);
  }
  const connectionCount = view.connections().length + 1;
  text += `Connections dump:\nConnections Sets (${sets.size})/(${connectionCount}):\n`;
  for (const [expiresMs, lines] of [...sets].sort(([one], [other]) => one - other)) {
    text += `${lines.length} expire at ${javaDate(new Date(expiresMs))}:\n${lines.join('')}`;
  }
  return text;
}

/** `Sun Nov 22 11:54:42 UTC 2026`, as Java's Date prints it in UTC. */
function javaDate(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}
