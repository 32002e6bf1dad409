/**
 * One link to another member: messages in order over a WebSocket, those of one turn of the loop in one frame (msgpack). What is sent is
 * packed when it is flushed, so its bytes are the sender's again after that. A link that can't take any more is ended: the other member
 * comes back and is brought up to date, rather than holding memory here.
 */
import { Packr, Unpackr } from 'msgpackr';
import type { WebSocket } from 'ws';
import type { PeerMessage } from '../zab/messages.ts';
import { packMessage, unpackMessage } from '../zab/messages.ts';

/** A frame begins to leave at this size, so that the other side works on it while more is packed. */
const FRAME_BYTES = 1 << 20;
/** Largest frame taken: a batch of the largest requests, with room. */
export const PEER_FRAME_BYTES_MAX = 160 << 20;
/** Unsent bytes at which a link is ended. A learner that reads is sent far less at a time. */
const UNSENT_BYTES_MAX = 256 << 20;

const packr = new Packr({ useRecords: false });
// Session ids are 64 bits wide; everything else fits a number and comes as one.
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint' });

export const packFrame = (items: readonly unknown[]): Buffer => packr.pack(items);

/** The items of a frame. Throws on what is no msgpack array. */
export function unpackFrame(frame: Uint8Array): unknown[] {
  const items: unknown = unpackr.unpack(frame);
  if (!Array.isArray(items)) throw new Error('a frame is one array');
  return items;
}

export class PeerLink {
  readonly peerId: number;
  readonly incarnation: string;
  /** This side opened it. */
  readonly dialled: boolean;
  readonly ws: WebSocket;
  private out: unknown[] = [];
  private outBytes = 0;
  /** Why this side ended it, if it did. */
  endReason: string | null = null;

  constructor(ws: WebSocket, peerId: number, incarnation: string, dialled: boolean) {
    this.ws = ws;
    this.peerId = peerId;
    this.incarnation = incarnation;
    this.dialled = dialled;
  }

  send(message: PeerMessage): void {
    this.out.push(packMessage(message));
    this.outBytes += sizeOf(message);
    if (this.outBytes >= FRAME_BYTES) this.flush();
  }

  /** Sends what was said since the last flush. */
  flush(): void {
    const { out } = this;
    if (out.length === 0) return;
    this.out = [];
    this.outBytes = 0;
    if (this.ws.readyState !== this.ws.OPEN) return;
    this.ws.send(packFrame(out), { binary: true });
    if (this.ws.bufferedAmount > UNSENT_BYTES_MAX) this.end(`server ${this.peerId} does not read: ${this.ws.bufferedAmount} bytes wait for it`);
  }

  /** The messages of a frame, or what is wrong with it. */
  read(frame: Uint8Array): PeerMessage[] | string {
    let items: unknown[];
    try {
      items = unpackFrame(frame);
    } catch (error) {
      return (error as Error).message;
    }
    const messages: PeerMessage[] = [];
    for (const item of items) {
      const message = unpackMessage(item);
      if (message.type === 'invalid') return message.reason;
      messages.push(message);
    }
    return messages;
  }

  end(reason: string): void {
    this.endReason ??= reason;
    this.ws.terminate();
  }
}

function sizeOf(message: PeerMessage): number {
  switch (message.type) {
    case 'PROPOSAL':
      return 64 + message.body.length;
    case 'SNAPCHUNK':
      return 32 + message.bytes.length;
    default:
      return 48;
  }
}
