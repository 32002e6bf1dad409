/**
 * The other side of a client under test: a transport whose servers do what the test says, and a clock that the test turns.
 * Nothing happens by itself, except that promises resolve.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerAddress } from '../../../shared/client/connect-string.ts';
import type { Environment } from '../../../shared/client/environment.ts';
import type { Transport, TransportConnection, TransportHandlers } from '../../../shared/client/transport.ts';
import type { ClientMessage, ConnectMessage, RequestMessage, ServerMessage } from '../../../shared/ws-protocol/messages.ts';
import type { Request, Response } from '../../../shared/znode/operations.ts';
import type { EventType } from '../../../shared/znode/watch-event.ts';
import { KeeperState } from '../../../shared/znode/watch-event.ts';

export const PASSWORD = new Uint8Array(16).fill(7);

/** A clock and timers under the test's hand. */
export class ManualEnvironment implements Environment {
  private now = 0;
  private timers: { dueMs: number; action: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  schedule(action: () => void, delayMs: number): () => void {
    const timer = { dueMs: this.now + delayMs, action };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((each) => each !== timer));
  }

  defer(action: () => void): void {
    process.nextTick(action);
  }

  random(): number {
    return 0.5;
  }

  /** Lets `ms` pass: timers run in order, each at its time. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.dueMs <= end).toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.now = Math.max(this.now, due.dueMs);
      due.action();
    }
    this.now = end;
  }

  /** The process sleeps for `ms`: then the timers that were due run, all late. */
  oversleep(ms: number): void {
    this.now += ms;
    this.advance(0);
  }
}

/** One connection as the server sees it. */
class ScriptedConnection implements TransportConnection {
  readonly server: ServerAddress;
  /** Each element is one frame. */
  readonly frames: ClientMessage[][] = [];
  ended: 'closed' | 'aborted' | null = null;
  private readonly handlers: TransportHandlers;
  private readonly unanswered: RequestMessage[] = [];

  constructor(server: ServerAddress, handlers: TransportHandlers) {
    this.server = server;
    this.handlers = handlers;
  }

  send(messages: readonly ClientMessage[]): void {
    this.frames.push([...messages]);
    for (const message of messages) if (message.kind === 'request' && message.xid > 0) this.unanswered.push(message);
  }

  close(): void {
    this.ended = 'closed';
  }

  abort(): void {
    this.ended = 'aborted';
  }

  get connectMessage(): ConnectMessage {
    return this.frames.flat().find((message) => message.kind === 'connect')!;
  }

  get requests(): RequestMessage[] {
    return this.frames.flat().filter((message) => message.kind === 'request');
  }

  accept(): void {
    this.handlers.onOpen();
  }

  /** Answers connect with a session. */
  grant(options: { sessionId?: bigint; timeoutMs?: number; readOnly?: boolean; disconnectGraceMs?: number } = {}): void {
    this.say({ kind: 'connected', timeoutMs: 30_000, sessionId: 0x123n, password: PASSWORD, readOnly: false, ...options });
  }

  say(...messages: ServerMessage[]): void {
    this.handlers.onMessages(messages);
  }

  /** Answers the oldest application request that isn't answered yet. */
  reply(response: Response | null, options: { zxid?: number; error?: number } = {}): void {
    this.say(this.replyMessage(response, options));
  }

  replyMessage(response: Response | null, { zxid = 1, error = 0 }: { zxid?: number; error?: number } = {}): ServerMessage {
    const request = this.unanswered.shift();
    if (request === undefined) throw new Error('No request to reply to');
    return { kind: 'reply', xid: request.xid, op: request.request.op, zxid, error, response };
  }

  event(type: EventType, path: string, zxid = 1): void {
    this.say({ kind: 'event', type, state: KeeperState.SyncConnected, path, zxid });
  }

  drop(reason = 'reset by peer'): void {
    this.handlers.onClose(reason);
  }
}

export class ScriptedEnsemble implements Transport {
  readonly connections: ScriptedConnection[] = [];

  open(server: ServerAddress, handlers: TransportHandlers): TransportConnection {
    const connection = new ScriptedConnection(server, handlers);
    this.connections.push(connection);
    return connection;
  }

  get last(): ScriptedConnection {
    return this.connections.at(-1)!;
  }
}

/** Lets everything that promises and deferred actions have under way happen. */
export async function settle(): Promise<void> {
  await nextTurn();
}

export function opsOf(requests: readonly { request: Request }[]): string[] {
  return requests.map(({ request }) => request.op);
}
