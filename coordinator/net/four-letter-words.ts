/**
 * Four-letter words: what operators and monitoring send raw to the client port, answered in the original's text, because
 * tools parse it. Which ones are answered is a setting; the others are refused by name.
 */
export const VERSION = '3.8.4-vivarium, built on 2026-11-22 00:00 UTC';

export interface ConnectionView {
  address: string;
  port: number;
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
  readonly stats: {
    latencyMinMs: number;
    latencyMaxMs: number;
    latencyAvg: string;
    packetsReceived: number;
    packetsSent: number;
    reset(): void;
  };
  readonly outstanding: number;
  readonly lastZxid: number;
  readonly nodeCount: number;
  connections(): readonly ConnectionView[];
  resetConnections(): void;
  /** Lines `key=value`. */
  configuration(): readonly [key: string, value: string | number][];
  /** Without the `zk_` prefix, in order. */
  monitor(): readonly [key: string, value: string | number][];
  directorySizes(): { data: number; log: number };
  sessionsByExpiry(): readonly (readonly [expiresMs: number, sessionIds: readonly bigint[]])[];
  ephemerals(): Iterable<readonly [sessionId: bigint, paths: Iterable<string>]>;
  dataWatches(): Iterable<readonly [path: string, sessionIds: readonly bigint[]]>;
}

type Word = (view: ServerView) => string;

const hex = (value: bigint | number): string => `0x${(typeof value === 'bigint' ? BigInt.asUintN(64, value) : value).toString(16)}`;

const WORDS: Readonly<Record<string, Word>> = {
  ruok: () => 'imok',
  isro: () => 'rw',
  gtmk: () => '306',
  stmk: () => '306',
  srvr: (view) => `Zookeeper version: ${VERSION}\n${serverText(view)}`,
  stat: (view) =>
    `Zookeeper version: ${VERSION}\nClients:\n${view.connections().map(briefConnection).join('')}\n${serverText(view)}`,
  cons: (view) => `${view.connections().map(fullConnection).join('')}\n`,
  crst: (view) => {
    view.resetConnections();
    return 'Connection stats reset.\n';
  },
  srst: (view) => {
    view.stats.reset();
    return 'Server stats reset.\n';
  },
  conf: (view) => view.configuration().map(([key, value]) => `${key}=${value}\n`).join(''),
  mntr: (view) => view.monitor().map(([key, value]) => `zk_${key}\t${value}\n`).join(''),
  dirs: (view) => {
    const { data, log } = view.directorySizes();
    return `datadir_size: ${data}\nlogdir_size: ${log}\n`;
  },
  dump,
  envi: () => environment(),
  hash: () => '',
  wchs: (view) => {
    let paths = 0;
    let total = 0;
    const connections = new Set<bigint>();
    for (const [, sessionIds] of view.dataWatches()) {
      paths++;
      total += sessionIds.length;
      for (const id of sessionIds) connections.add(id);
    }
    return `${connections.size} connections watching ${paths} paths\nTotal watches:${total}\n`;
  },
  wchc: (view) => {
    const bySession = new Map<bigint, string[]>();
    for (const [path, sessionIds] of view.dataWatches()) {
      for (const id of sessionIds) {
        const paths = bySession.get(id);
        if (paths === undefined) bySession.set(id, [path]);
        else paths.push(path);
      }
    }
    return `${[...bySession].map(([id, paths]) => `${hex(id)}\n${paths.map((path) => `\t${path}\n`).join('')}`).join('')}\n`;
  },
  wchp: (view) =>
    `${[...view.dataWatches()].map(([path, ids]) => `${path}\n${ids.map((id) => `\t${hex(id)}\n`).join('')}`).join('')}\n`,
};

/** A trace mask has eight bytes more, and is echoed as a number. */
const MASK_SIZE = 8;

export class FourLetterWords {
  private readonly view: ServerView;
  private readonly whitelist: ReadonlySet<string>;

  /** @param whitelist words that are answered; `*` allows all. */
  constructor(view: ServerView, whitelist: readonly string[]) {
    this.view = view;
    this.whitelist = new Set(whitelist);
  }

  isWord(word: string): boolean {
    return Object.hasOwn(WORDS, word);
  }

  /** The text to send, one byte per character. `rest`: what came after the word. */
  async answer(word: string, rest: Buffer): Promise<string> {
    this.view.stats.packetsReceived++;
    if (!this.whitelist.has('*') && !this.whitelist.has(word)) {
      return `${word} is not executed because it is not in the whitelist.\n`;
    }
    if (word === 'stmk' && rest.length >= MASK_SIZE) return String(rest.readBigInt64BE(0));
    const text = WORDS[word]!(this.view);
    this.view.stats.packetsSent++;
    return text;
  }
}

function serverText(view: ServerView): string {
  const { stats } = view;
  return (
    `Latency min/avg/max: ${stats.latencyMinMs}/${stats.latencyAvg}/${stats.latencyMaxMs}\n` +
    `Received: ${stats.packetsReceived}\n` +
    `Sent: ${stats.packetsSent}\n` +
    `Connections: ${view.connections().length}\n` +
    `Outstanding: ${view.outstanding}\n` +
    `Zxid: ${hex(view.lastZxid)}\n` +
    `Mode: ${view.mode}\n` +
    `Node count: ${view.nodeCount}\n`
  );
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

function dump(view: ServerView): string {
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
  const connections = view.connections();
  text += `Connections dump:\nConnections Sets (${connections.length > 0 ? 1 : 0})/(${connections.length}):\n`;
  for (const c of connections) text += `\tip: /${c.address}:${c.port} sessionId: ${hex(c.session?.id ?? 0n)}\n`;
  return text;
}

function environment(): string {
  const memory = process.memoryUsage();
  const mib = (bytes: number): string => `${Math.round(bytes / 1048576)}MB`;
  const entries: [string, string][] = [
    ['zookeeper.version', VERSION],
    ['host.name', 'localhost'],
    ['java.version', 'NA'],
    ['java.vendor', `Node.js ${process.version}`],
    ['java.home', process.execPath],
    ['java.class.path', process.argv[1] ?? ''],
    ['os.name', process.platform],
    ['os.arch', process.arch],
    ['user.name', process.env['USER'] ?? ''],
    ['user.home', process.env['HOME'] ?? ''],
    ['user.dir', process.cwd()],
    ['os.memory.free', mib(memory.heapTotal - memory.heapUsed)],
    ['os.memory.max', mib(memory.heapTotal)],
    ['os.memory.total', mib(memory.rss)],
  ];
  return `Environment:\n${entries.map(([key, value]) => `${key}=${value}\n`).join('')}`;
}

/** `Sun Nov 22 11:54:42 UTC 2026`, as Java's Date prints it in UTC. */
export function javaDate(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}
