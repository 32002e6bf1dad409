/**
 * One TCP connection to a broker. Requests are pipelined: each gets a correlation id and leaves at once; the broker answers
 * in order, so the oldest request waiting owns the next response.
 *
 * Bounds: `inFlightMax` requests wait for answers, later ones are refused; a response above `responseSizeMax` breaks the
 * connection; a request without an answer after its timeout breaks it too, because all behind it are stuck. A broker that says that it
 * throttles us does not read for that time (KIP-219): only then the timeouts of what waits begin.
 */
import net from 'node:net';
import { FrameSplitter } from '../../shared/bytes/frame-splitter.ts';
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { readResponseHeader, writeRequestHeader } from '../protocol/headers.ts';
import type { Api } from '../protocol/schema.ts';
import { ConnectionError } from './errors.ts';

const IN_FLIGHT_MAX = 1000;
/** Brokers cap fetches at 55 MiB (`fetch.max.bytes`), but one batch may exceed that. */
const RESPONSE_SIZE_MAX = 256 * 1024 * 1024;

interface Waiting {
  readonly correlationId: number;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly read: (reader: Reader) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface ConnectionOptions {
  host: string;
  port: number;
  clientId: string | null;
  connectTimeoutMs?: number;
  requestTimeoutMs?: number;
}

export class Connection {
  readonly host: string;
  readonly port: number;
  private readonly socket: net.Socket;
  private readonly clientId: string | null;
  private readonly requestTimeoutMs: number;
  private readonly splitter = new FrameSplitter(RESPONSE_SIZE_MAX);
  /** Oldest first; `head` is the index of the oldest one still waiting. */
  private waiting: Waiting[] = [];
  private head = 0;
  private nextCorrelationId = 0;
  private timer: NodeJS.Timeout | null = null;
  private timerMs = Infinity;
  private throttledUntilMs = 0;
  private failure: ConnectionError | null = null;
  private closeListeners: (() => void)[] = [];
  /** Versions the broker speaks, by API key; filled by whoever asked it. */
  versions: ReadonlyMap<number, readonly [number, number]> = new Map();

  private constructor(socket: net.Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.host = options.host;
    this.port = options.port;
    this.clientId = options.clientId;
    this.requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (cause) =>
      this.fail(new ConnectionError('CLOSED', `Connection to ${this} broke: ${cause.message}`, { cause })),
    );
    socket.on('close', () => this.fail(new ConnectionError('CLOSED', `${this} closed the connection`)));
  }

  static connect(options: ConnectionOptions): Promise<Connection> {
    const { host, port, connectTimeoutMs = 10_000 } = options;
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port, noDelay: true });
      const refuse = (code: 'REFUSED' | 'TIMED_OUT', reason: string, cause?: Error): void => {
        socket.destroy();
        reject(new ConnectionError(code, `Cannot connect to ${host}:${port}: ${reason}`, { cause }));
      };
      const onError = (cause: Error): void => refuse('REFUSED', cause.message, cause);
      socket.setTimeout(connectTimeoutMs, () => refuse('TIMED_OUT', `no answer within ${connectTimeoutMs} ms`));
      socket.once('error', onError);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.removeAllListeners('timeout');
        socket.removeListener('error', onError);
        resolve(new Connection(socket, options));
      });
    });
  }

  /** Calls `listener` once, when the connection is gone. */
  onClose(listener: () => void): void {
    if (this.failure === null) this.closeListeners.push(listener);
    else listener();
  }

  /** Correlation id of the newest request. */
  get correlationId(): number {
    return this.nextCorrelationId - 1;
  }

  get closed(): boolean {
    return this.failure !== null;
  }

  toString(): string {
    return `${this.host}:${this.port}`;
  }

  /** The highest version of `api` that both sides speak. */
  versionOf(api: Pick<Api, 'key' | 'name' | 'versionMin' | 'versionMax'>, versionMax: number = api.versionMax): number {
    const range = this.versions.get(api.key);
    const version = range === undefined ? -1 : Math.min(range[1], versionMax, api.versionMax);
    if (range === undefined || version < Math.max(range[0], api.versionMin)) {
      const offers = range === undefined ? 'does not offer it' : `offers ${range[0]} to ${range[1]}`;
      throw new ConnectionError('UNSUPPORTED_VERSION', `${api.name} cannot be used: ${this} ${offers}`);
    }
    return version;
  }

  /** Sends a request in the highest version both speak (or `version`) and resolves with its decoded response. */
  request<Req, Res, ReqDraft>(
    api: Api<Req, Res, ReqDraft, never>,
    request: ReqDraft,
    { version = this.versionOf(api), timeoutMs = this.requestTimeoutMs } = {},
  ): Promise<Res> {
    const flexible = version >= api.flexibleFrom;
    return new Promise<Res>((resolve, reject) => {
      if (this.failure !== null) return reject(this.failure);
      if (this.waiting.length - this.head >= IN_FLIGHT_MAX) {
        return reject(new ConnectionError('PROTOCOL', `${IN_FLIGHT_MAX} requests to ${this} are unanswered: wait for some`));
      }
      const correlationId = this.send(api, request, version);
      const read = (reader: Reader): Res => {
        const id = readResponseHeader(reader, api.key, flexible);
        const response = api.response.decode(reader, version);
        if (!reader.complete || id !== correlationId) {
          const reason = reader.failure ?? `correlation id ${id}, ${correlationId} was expected`;
          throw new ConnectionError('PROTOCOL', `${api.name} v${version} response of ${this} is malformed: ${reason}`);
        }
        this.heedThrottle(response);
        return response;
      };
      const deadlineMs = performance.now() + timeoutMs;
      this.waiting.push({ correlationId, deadlineMs, timeoutMs, read, resolve: resolve as (value: unknown) => void, reject });
      this.expireAt(deadlineMs);
    });
  }

  /** Sends a request that has no response (Produce with acks 0). */
  notify<Req, ReqDraft>(api: Api<Req, unknown, ReqDraft, never>, request: ReqDraft): void {
    if (this.failure !== null) throw this.failure;
    this.send(api, request, this.versionOf(api));
  }

  private send<Req, ReqDraft>(api: Api<Req, unknown, ReqDraft, never>, request: ReqDraft, apiVersion: number): number {
    const correlationId = this.nextCorrelationId;
    this.nextCorrelationId = (correlationId + 1) & 0x7fff_ffff;
    const writer = new Writer();
    const { clientId } = this;
    writer.i32(0);
    writeRequestHeader(writer, { apiKey: api.key, apiVersion, correlationId, clientId }, apiVersion >= api.flexibleFrom);
    api.request.encode(writer, request, apiVersion);
    const size = writer.size - 4;
    const chunks = writer.finishChunks();
    chunks[0]!.writeInt32BE(size, 0);
    this.socket.cork();
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.uncork();
    return correlationId;
  }

  private receive(chunk: Buffer): void {
    try {
      for (const frame of this.splitter.push(chunk)) {
        const waiting = this.waiting[this.head];
        if (waiting === undefined) throw new ConnectionError('PROTOCOL', `${this} answered a request that nobody sent`);
        this.waiting[this.head++] = undefined as never; // let go of it now; the array is trimmed below
        answer(waiting, frame);
      }
    } catch (cause) {
      this.fail(cause instanceof ConnectionError ? cause : new ConnectionError('PROTOCOL', String(cause), { cause }));
    }
    if (this.head > 64 && this.head * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
  }

  private heedThrottle(response: unknown): void {
    const { throttleTimeMs = 0 } = response as { throttleTimeMs?: number };
    if (throttleTimeMs > 0) this.throttledUntilMs = Math.max(this.throttledUntilMs, performance.now() + throttleTimeMs);
  }

  /** One timer per connection, set to the earliest deadline it has heard of. */
  private expireAt(deadlineMs: number): void {
    if (this.timer !== null && this.timerMs <= deadlineMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerMs = deadlineMs;
    this.timer = setTimeout(() => this.expire(), Math.max(0, Math.ceil(deadlineMs - performance.now())));
  }

  private expire(): void {
    this.timer = null;
    let earliest = Infinity;
    for (let at = this.head; at < this.waiting.length; at++) {
      const { deadlineMs, timeoutMs } = this.waiting[at]!;
      earliest = Math.min(earliest, Math.max(deadlineMs, this.throttledUntilMs + timeoutMs));
    }
    if (earliest <= performance.now()) this.fail(new ConnectionError('TIMED_OUT', `${this} did not answer in time`));
    else if (earliest < Infinity) this.expireAt(earliest);
  }

  private fail(error: ConnectionError): void {
    if (this.failure !== null) return;
    this.failure = error;
    if (this.timer !== null) clearTimeout(this.timer);
    this.socket.destroy();
    const waiting = this.waiting.slice(this.head);
    this.waiting = [];
    this.head = 0;
    for (const request of waiting) request.reject(error);
    for (const listener of this.closeListeners) listener();
    this.closeListeners = [];
  }

  close(): void {
    this.fail(new ConnectionError('CLOSED', `The connection to ${this} was closed here`));
  }
}

/** Hands a response to the request it answers. One that cannot be read fails its request, and then the connection. */
function answer(waiting: Waiting, frame: Buffer): void {
  let value: unknown;
  try {
    value = waiting.read(new Reader(frame));
  } catch (error) {
    waiting.reject(error as Error);
    throw error;
  }
  waiting.resolve(value);
}
