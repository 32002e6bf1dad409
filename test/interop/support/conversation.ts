/**
 * A conversation with a coordinator, message by message, through any of its doors, and what was said as text that can be
 * compared: zxids count from the beginning of the conversation, sessions have the names that the script gives them, moments are
 * left out. Nothing of the client library but its transports takes part, so that what is compared is the server.
 */
import type { Transport, TransportConnection } from '../../../shared/client/transport.ts';
import type { ConnectedMessage, ReplyMessage, ServerMessage } from '../../../shared/ws-protocol/messages.ts';
import { Xid } from '../../../shared/ws-protocol/messages.ts';
import type { MultiResult, Request, Response } from '../../../shared/znode/operations.ts';
import { EventType } from '../../../shared/znode/watch-event.ts';

const EVENT_NAMES = new Map<number, string>(Object.entries(EventType).map(([name, value]) => [value, name]));
const NEW_SESSION = { sessionId: 0n, password: new Uint8Array(16) };

export interface Address {
  host: string;
  port: number;
}

/** One session's connection. */
class Speaker {
  readonly name: string;
  readonly received: ServerMessage[] = [];
  granted: ConnectedMessage | null = null;
  ended = false;
  connection: TransportConnection;
  xid = 0;
  private waiting: (() => void)[] = [];

  constructor(name: string, transport: Transport, server: Address, onOpen: (speaker: Speaker) => void) {
    this.name = name;
    this.connection = transport.open(
      { host: server.host, port: server.port },
      {
        onOpen: () => onOpen(this),
        onMessages: (messages) => {
          this.received.push(...messages);
          this.wake();
        },
        onClose: () => {
          this.ended = true;
          this.wake();
        },
      },
    );
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  async until<T>(find: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = find();
      if (found !== undefined || this.ended) return found;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

export class Conversation {
  readonly lines: string[] = [];
  private readonly transport: Transport;
  private readonly server: Address;
  private readonly speakers = new Map<string, Speaker>();
  private readonly names = new Map<bigint, string>();
  /** Null: what is said is not noted. */
  private firstZxid: number | null = null;

  constructor(transport: Transport, server: Address) {
    this.transport = transport;
    this.server = server;
  }

  /** Connects `name`: a new session, or that of `resume` again. */
  async open(name: string, more: { resume?: string; password?: Uint8Array; timeoutMs?: number; lastZxidSeen?: number } = {}): Promise<void> {
    const old = more.resume === undefined ? NEW_SESSION : this.speakers.get(more.resume)!.granted!;
    const speaker = new Speaker(name, this.transport, this.server, ({ connection }) => {
      connection.send([
        {
          kind: 'connect',
          protocolVersion: 0,
          lastZxidSeen: more.lastZxidSeen ?? 0,
          timeoutMs: more.timeoutMs ?? 10_000,
          sessionId: old.sessionId,
          password: more.password ?? old.password,
          readOnly: false,
        },
      ]);
    });
    this.speakers.set(name, speaker);
    speaker.granted = (await speaker.until(() => speaker.received.shift() as ConnectedMessage | undefined)) ?? null;
    const { granted } = speaker;
    if (granted !== null && granted.sessionId !== 0n && !this.names.has(granted.sessionId)) this.names.set(granted.sessionId, `$${name}`);
    if (granted === null) this.note(`${name} < closed`);
    else this.note(`${name} < connected ${this.nameOf(granted.sessionId)} timeout ${granted.timeoutMs}`);
  }

  /** Notes from here on; the next write is zxid 1. */
  async begin(name: string): Promise<void> {
    const { zxid } = (await this.quietly(name, { op: 'sync', path: '/' }))!;
    this.firstZxid = zxid;
  }

  /** Sends requests of `name` together and notes what comes back, up to the answer of the last one, or the end of the connection. */
  async say(name: string, ...requests: Request[]): Promise<void> {
    const speaker = this.speakers.get(name)!;
    for (const request of requests) this.note(`${name} > ${this.text(request)}`);
    await this.ask(speaker, ...requests);
    this.tell(speaker);
    // What others were told of it reached them before the answer to anything they ask now.
    for (const other of this.speakers.values()) {
      if (other === speaker || other.ended || other.granted?.sessionId === 0n) continue;
      await this.ask(other, { op: 'exists', path: '/', watch: false });
      const fence = other.received.findLastIndex(({ kind }) => kind === 'reply');
      if (fence >= 0) other.received.splice(fence, 1);
      this.tell(other);
    }
  }

  /** As `say`, for a request that would read differently on each run: `summary` stands for it. */
  async unsaid(name: string, request: Request, summary: string): Promise<void> {
    this.note(`${name} > ${summary}`);
    const speaker = this.speakers.get(name)!;
    await this.ask(speaker, request);
    this.tell(speaker);
  }

  /** Does something that is not noted, such as tidying up. */
  async quietly(name: string, ...requests: Request[]): Promise<ReplyMessage | undefined> {
    const speaker = this.speakers.get(name)!;
    const reply = await this.ask(speaker, ...requests);
    speaker.received.length = 0;
    return reply;
  }

  /** Breaks the line; the session lives on. */
  cut(name: string): void {
    const speaker = this.speakers.get(name)!;
    speaker.ended = true;
    speaker.connection.abort();
  }

  async ended(name: string): Promise<void> {
    const speaker = this.speakers.get(name)!;
    await speaker.until(() => undefined);
    this.tell(speaker);
    this.note(`${name} < closed`);
  }

  /** Ends all sessions: one that expired later would take a zxid in the middle of another conversation. */
  async close(): Promise<void> {
    this.firstZxid = null;
    for (const speaker of this.speakers.values()) {
      if (!speaker.ended && speaker.granted !== null && speaker.granted.sessionId !== 0n) await this.ask(speaker, { op: 'closeSession' });
      speaker.connection.abort();
    }
  }

  private async ask(speaker: Speaker, ...requests: Request[]): Promise<ReplyMessage | undefined> {
    const messages = requests.map((request) => ({ kind: 'request' as const, xid: xidOf(request) ?? ++speaker.xid, request }));
    speaker.connection.send(messages);
    const last = messages.at(-1)!.xid;
    return speaker.until(() => speaker.received.find((message): message is ReplyMessage => message.kind === 'reply' && message.xid === last));
  }

  private tell(speaker: Speaker): void {
    for (const message of speaker.received.splice(0)) {
      if (message.kind === 'event') this.note(`${speaker.name} ! ${EVENT_NAMES.get(message.type)} ${message.path}`);
      else if (message.kind === 'reply') {
        const { zxid, error, response } = message;
        this.note(`${speaker.name} < ${this.relative(zxid)} ${error}${response === null ? '' : ` ${this.text(sorted(response))}`}`);
      }
    }
  }

  private note(line: string): void {
    if (this.firstZxid !== null) this.lines.push(line);
  }

  private relative(zxid: number): string {
    // 0 says that there is none.
    if (zxid === 0) return '0';
    return zxid >= this.firstZxid! ? `+${zxid - this.firstZxid!}` : String(zxid - this.firstZxid!);
  }

  private nameOf(sessionId: bigint): string {
    return sessionId === 0n ? '0' : (this.names.get(sessionId) ?? '$?');
  }

  /** `value` on one line: without moments, with zxids that count from the beginning. */
  private text(value: unknown): string {
    return JSON.stringify(value, (key, field: unknown) => {
      if (typeof field === 'bigint') return this.nameOf(field);
      if (key === 'ctime' || key === 'mtime') return field === 0 ? 0 : '*';
      if (/^[cmp]zxid$/.test(key)) return this.relative(field as number);
      if (field instanceof Uint8Array || isBufferJson(field)) {
        const bytes = field instanceof Uint8Array ? Buffer.from(field) : Buffer.from(field.data);
        return bytes.length > 200 ? `${bytes.length} bytes` : bytes.toString('latin1');
      }
      return field;
    });
  }
}

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
}

/** Replies to these carry no xid of their own. */
function xidOf(request: Request): number | null {
  switch (request.op) {
    case 'ping':
      return Xid.PING;
    case 'auth':
      return Xid.AUTH;
    case 'setWatches':
      return Xid.SET_WATCHES;
    default:
      return null;
  }
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** Lists of names and identities come in no particular order. */
function sorted(response: NonNullable<Response>): unknown {
  if ('children' in response) return { ...response, children: response.children.toSorted() };
  if ('clientInfo' in response) return { clientInfo: response.clientInfo.toSorted(byText) };
  if ('acl' in response) return { ...response, acl: response.acl.toSorted(byText) };
  if ('ephemerals' in response) return { ephemerals: response.ephemerals.toSorted() };
  if ('results' in response) {
    return { results: response.results.map((result: MultiResult) => ('children' in result ? { ...result, children: result.children.toSorted() } : result)) };
  }
  return response;
}
