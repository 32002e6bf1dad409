/**
 * A client's connection: bytes in, requests one after the other, answers out in the order of the requests.
 *
 *     socket → FrameSplitter → inbox → handler → answers (in order) → socket
 *
 * One request is under way at a time, except where two in a row allow to overlap (produce): then their answers wait for their
 * turn. Nothing piles up: while a request is under way, or the client does not read its answers, the socket is not read. Nor is
 * it while the client has to wait because of its quotas (KIP-219), whether it keeps to that or not.
 * Whatever a client sends can only cost it its own connection.
 */
import type { Socket } from 'node:net';
import { FrameSplitter } from '../../shared/bytes/frame-splitter.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Answer } from './handler.ts';
import { CLOSE_CONNECTION } from './handler.ts';
import type { Frame, Peer, RequestRouter, RoutedRequest } from './request-router.ts';
import { ProtocolError } from './request-router.ts';

export interface ConnectionOptions {
  router: RequestRouter;
  listenerName: string;
  connectionId: string;
  clientAddress: string;
  requestBytesMax: number;
  /** Negative: never. */
  idleMsMax: number;
  nowMs: () => number;
  logger: Logger;
}

/** Requests that overlap at a time: enough to fill one write to the disk, few enough to bound what a client can pile up. */
const OVERLAP_MAX = 32;

/** An answer that waits for its turn. */
interface Pending {
  routed: RoutedRequest | null;
  frame: Frame;
  done: boolean;
}

export class ClientConnection implements Peer {
  readonly listenerName: string;
  readonly connectionId: string;
  readonly clientAddress: string;
  readonly principal = 'User:ANONYMOUS';
  closed = false;
  /** When the client last sent something. */
  lastReceivedMs: number;
  private readonly socket: Socket;
  private readonly router: RequestRouter;
  private readonly splitter: FrameSplitter;
  private readonly logger: Logger;
  private readonly nowMs: () => number;
  private closeListeners: Set<() => void> | null = null;
  /** Frames that wait for their turn; `next` is the first of them. */
  private inbox: Buffer[] = [];
  private next = 0;
  /** Requests under way, oldest first. */
  private readonly pending: Pending[] = [];
  private blocked = false;
  private paused = false;
  private draining = false;
  /** While it runs nothing is taken up. */
  private muteTimer: NodeJS.Timeout | null = null;
  private mutedUntilMs = 0;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.router = options.router;
    this.listenerName = options.listenerName;
    this.connectionId = options.connectionId;
    this.clientAddress = options.clientAddress;
    this.logger = options.logger;
    this.nowMs = options.nowMs;
    this.lastReceivedMs = options.nowMs();
    this.splitter = new FrameSplitter(options.requestBytesMax);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('drain', () => {
      this.blocked = false;
      this.advance();
    });
    socket.on('error', (error) =>
      this.logger.debug(`Connection with /${this.clientAddress} (channelId=${this.connectionId}) disconnected`, { error }),
    );
    socket.on('close', () => this.markClosed());
    if (options.idleMsMax >= 0) {
      socket.setTimeout(Math.min(options.idleMsMax, 0x7fff_ffff), () => {
        this.logger.debug(`About to close the idle connection from ${this.connectionId}`);
        socket.destroy();
      });
    }
  }

  onClose(listener: () => void): () => void {
    if (this.closed) {
      listener();
      return () => undefined;
    }
    const listeners = (this.closeListeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Ends the connection at once, with whatever was under way. */
  destroy(): void {
    this.socket.destroy();
    this.markClosed();
  }

  private markClosed(): void {
    if (this.closed) return;
    this.closed = true;
    this.inbox = [];
    this.next = 0;
    if (this.muteTimer !== null) clearTimeout(this.muteTimer);
    const listeners = this.closeListeners;
    this.closeListeners = null;
    if (listeners !== null) for (const listener of listeners) listener();
  }

  private receive(chunk: Buffer): void {
    if (this.closed) return;
    this.lastReceivedMs = this.nowMs();
    let frames: Buffer[];
    try {
      frames = this.splitter.push(chunk);
    } catch (error) {
      const size = (error as { size?: number }).size ?? -1;
      const why = size < 0 ? `Invalid receive (size = ${size})` : `Invalid receive (size = ${size} larger than allowed)`;
      this.refuse('org.apache.kafka.common.network.InvalidReceiveException', why);
      return;
    }
    if (this.next === this.inbox.length) {
      this.inbox = frames;
      this.next = 0;
    } else {
      this.inbox.push(...frames);
    }
    this.advance();
  }

  /** Takes up as many requests as may be under way, then reads on or stops reading. */
  private advance(): void {
    if (this.draining) return; // a handler answered at once: the loop below goes on
    this.draining = true;
    while (!this.closed && !this.isHeld && this.next < this.inbox.length && this.pending.length < OVERLAP_MAX) {
      const frame = this.inbox[this.next]!;
      if (this.pending.length > 0 && !this.mayOverlap(frame)) break;
      this.next++;
      this.takeUp(frame);
    }
    if (this.next === this.inbox.length && this.next > 0) {
      this.inbox = [];
      this.next = 0;
    }
    this.draining = false;
    this.setPaused(this.isHeld || this.next < this.inbox.length);
  }

  private get isHeld(): boolean {
    return this.blocked || this.muteTimer !== null;
  }

  /** Takes up nothing for so long, counted from now, or for what is left of a longer time. */
  private mute(ms: number): void {
    const untilMs = this.nowMs() + ms;
    if (ms <= 0 || this.closed || untilMs <= this.mutedUntilMs) return;
    this.mutedUntilMs = untilMs;
    if (this.muteTimer !== null) clearTimeout(this.muteTimer);
    this.muteTimer = setTimeout(() => {
      this.muteTimer = null;
      this.advance();
    }, ms);
  }

  /** Whether the frame's request may be taken up while others are under way. Its API key is its first two bytes. */
  private mayOverlap(frame: Buffer): boolean {
    const last = this.pending[this.pending.length - 1]!;
    return (
      frame.length >= 2 && last.routed?.handler.overlaps === true && frame.readInt16BE(0) === last.routed.handler.api.key
    );
  }

  private setPaused(paused: boolean): void {
    if (this.closed || paused === this.paused) return;
    this.paused = paused;
    if (paused) this.socket.pause();
    else this.socket.resume();
  }

  private takeUp(frame: Buffer): void {
    let entry: Pending | null = null;
    try {
      const routed = this.router.read(frame, this);
      if ('answer' in routed) {
        entry = { routed: null, frame: routed.answer, done: true };
        this.pending.push(entry);
        this.flush();
        return;
      }
      entry = { routed, frame: null, done: false };
      this.pending.push(entry);
      const answer = this.router.handle(routed);
      // Before the answer is there, so that no more requests overlap with one that was too much already.
      const { quotas } = routed.context;
      if (quotas !== null) this.mute(quotas.throttleMs);
      if (answer instanceof Promise) this.await(entry, routed, answer);
      else this.settle(entry, routed, answer);
    } catch (error) {
      this.fail(error);
    }
  }

  private await(entry: Pending, routed: RoutedRequest, answer: Promise<Answer<unknown>>): void {
    answer.then(
      (value) => {
        try {
          this.settle(entry, routed, value);
          this.advance();
        } catch (error) {
          this.fail(error);
        }
      },
      (error: unknown) => this.fail(error),
    );
  }

  private settle(entry: Pending, routed: RoutedRequest, answer: Answer<unknown>): void {
    if (this.closed) return;
    if (answer === CLOSE_CONNECTION) {
      this.logger.info(
        `Closing connection due to error during ${routed.handler.api.name} with correlation id ${routed.context.correlationId} from client id ${routed.context.clientId}`,
      );
      this.destroy();
      return;
    }
    const { quotas } = routed.context;
    if (quotas !== null) this.mute(quotas.settle());
    entry.frame = this.router.encode(routed, answer);
    entry.done = true;
    this.flush();
    quotas?.sent();
  }

  /** Writes the answers whose turn it is. */
  private flush(): void {
    const { socket, pending } = this;
    let count = 0;
    while (count < pending.length && pending[count]!.done) count++;
    if (count === 0) return;
    const answered = pending.splice(0, count);
    socket.cork();
    let flowing = true;
    for (const { frame } of answered) {
      if (frame === null) continue;
      for (const chunk of frame) flowing = socket.write(chunk);
    }
    socket.uncork();
    if (!flowing) this.blocked = socket.writableNeedDrain;
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    if (error instanceof ProtocolError) {
      this.refuse('org.apache.kafka.common.errors.InvalidRequestException', error.message);
      return;
    }
    this.logger.error(`Unexpected error while handling a request from ${this.connectionId}; closing connection`, { error });
    this.destroy();
  }

  private refuse(className: string, why: string): void {
    this.logger.warn(
      `Unexpected error from /${this.clientAddress} (channelId=${this.connectionId}); closing connection: ${className}: ${why}`,
    );
    this.destroy();
  }
}
