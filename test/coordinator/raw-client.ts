/** A client of the WebSocket door made of `ws` and the codec alone: sends what it is told, records what comes. */
import { WebSocket } from 'ws';
import { decodeServerFrame, encodeClientFrame } from '../../shared/ws-protocol/codec.ts';
import type { ClientMessage, ConnectedMessage, EventMessage, ReplyMessage, ServerMessage } from '../../shared/ws-protocol/messages.ts';
import { OPEN_ACL_UNSAFE } from '../../shared/znode/acl.ts';
import type { CreateRequest, Request } from '../../shared/znode/operations.ts';

export const create = (path: string, more: Partial<CreateRequest> = {}): CreateRequest => ({
  op: 'create',
  path,
  data: null,
  acl: OPEN_ACL_UNSAFE,
  mode: 0,
  ...more,
});

export class RawClient {
  readonly ws: WebSocket;
  readonly received: ServerMessage[] = [];
  closeCode: number | null = null;
  private xid = 0;
  private waiting: (() => void)[] = [];

  constructor(port: number, path = '/') {
    this.ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
    this.ws.binaryType = 'nodebuffer';
    this.ws.on('message', (data) => {
      this.received.push(...decodeServerFrame(data as Buffer));
      this.wake();
    });
    this.ws.on('error', () => undefined); // the close that follows is what tests look at
    this.ws.on('close', (code) => {
      this.closeCode = code;
      this.wake();
    });
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Resolves when `find` finds something. Rejects when the connection ends first. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.closeCode !== null) throw new Error(`The connection was closed (${this.closeCode}) while a test waited`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async untilClosed(): Promise<number> {
    while (this.closeCode === null) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.closeCode;
  }

  async untilOpen(): Promise<void> {
    if (this.ws.readyState === WebSocket.OPEN) return;
    await new Promise<void>((resolve, reject) => {
      this.ws.once('open', resolve);
      this.ws.once('close', () => reject(new Error('not connected')));
    });
  }

  send(...messages: ClientMessage[]): void {
    this.ws.send(encodeClientFrame(messages));
  }

  async connect(more: Partial<Extract<ClientMessage, { kind: 'connect' }>> = {}): Promise<ConnectedMessage> {
    await this.untilOpen();
    this.send({ kind: 'connect', protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 10000, sessionId: 0n, password: Buffer.alloc(16), readOnly: false, ...more });
    return this.until(() => this.received.find((m): m is ConnectedMessage => m.kind === 'connected'));
  }

  /** Sends requests in one frame; returns their xids. */
  post(...requests: Request[]): number[] {
    const messages = requests.map((request) => ({ kind: 'request' as const, xid: ++this.xid, request }));
    this.send(...messages);
    return messages.map(({ xid }) => xid);
  }

  replyTo(xid: number): Promise<ReplyMessage> {
    return this.until(() => this.received.find((m): m is ReplyMessage => m.kind === 'reply' && m.xid === xid));
  }

  async call(request: Request): Promise<ReplyMessage> {
    return this.replyTo(this.post(request)[0]!);
  }

  event(find: (event: EventMessage) => boolean = () => true): Promise<EventMessage> {
    return this.until(() => this.received.find((m): m is EventMessage => m.kind === 'event' && find(m)));
  }

  close(): void {
    this.ws.terminate();
  }
}
