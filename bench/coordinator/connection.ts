/**
 * A connection of the load: a session on ZooKeeper's native port, and answers handed out where they lie in the socket's buffer.
 * Nothing is decoded that nobody asks for.
 */
import { connect, type Socket } from 'node:net';
import { connectFrame, frame, OP } from './frames.ts';

const RECEIVE_BYTES = 256 * 1024;
const SESSION_TIMEOUT_MS = 40_000;

/** An answer: `bytes[start..end)` is the frame without its length. Valid only during the call. */
export type OnFrame = (bytes: Buffer, start: number, end: number) => void;

export class Connection {
  /** The zxid in the last answer to `ask`. */
  lastZxid = 0n;
  onFrame: OnFrame = () => undefined;
  /** After all frames of a chunk. */
  onBatch: () => void = () => undefined;
  onFailure: (error: Error) => void = (error) => {
    throw error;
  };
  private readonly socket: Socket;
  /** Bytes of a frame whose end has not come. */
  private partial: Buffer = Buffer.allocUnsafeSlow(1024);
  private partialSize = 0;
  private closing = false;

  private constructor(port: number, localAddress: string | undefined, receiveBytes: number) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: {
        buffer: Buffer.allocUnsafeSlow(receiveBytes),
        callback: (count, bytes) => {
          this.take((bytes as Buffer).subarray(0, count));
          return true;
        },
      },
    });
    this.socket.on('error', (error) => this.failed(error));
    this.socket.on('close', () => this.failed(new Error('The server has closed the connection')));
  }

  /** Opens a connection with a session on it. */
  static open(port: number, options: { localAddress?: string; receiveBytes?: number } = {}): Promise<Connection> {
    const connection = new Connection(port, options.localAddress, options.receiveBytes ?? RECEIVE_BYTES);
    return new Promise((resolve, reject) => {
      connection.onFailure = reject;
      connection.onFrame = (bytes, start) => {
        if (bytes.readInt32BE(start + 4) <= 0) return reject(new Error('The server refused a session'));
        connection.onFailure = (error) => {
          throw error;
        };
        resolve(connection);
      };
      connection.send(connectFrame(SESSION_TIMEOUT_MS));
    });
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Asks for one thing and gives the answer's record, with nothing else in flight. */
  ask(type: number, body: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.onFrame = (bytes, start, end) => {
        const err = bytes.readInt32BE(start + 12);
        this.lastZxid = bytes.readBigInt64BE(start + 4);
        if (err === 0) resolve(Buffer.from(bytes.subarray(start + 16, end)));
        else reject(new Error(`Error ${err} answers operation ${type}`));
      };
      this.send(frame(type, body, 1));
    });
  }

  /** Ends the session, then the connection. */
  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.closing = true;
      this.onFailure = reject;
      this.onFrame = (bytes, start) => {
        const err = bytes.readInt32BE(start + 12);
        // By a reset: an orderly end would leave the port waiting for a minute, and many sessions need many.
        this.socket.resetAndDestroy();
        if (err === 0) resolve();
        else reject(new Error(`Error ${err} answers closeSession`));
      };
      this.send(frame(OP.closeSession, undefined, 1));
    });
  }

  /** Ends the connection and leaves the session; nothing more is heard of it. */
  abandon(): void {
    this.onFailure = () => undefined;
    this.closing = true;
    this.socket.resetAndDestroy();
  }

  private failed(error: Error): void {
    if (!this.closing || !this.socket.destroyed) this.onFailure(error);
  }

  private take(chunk: Buffer): void {
    let at = 0;
    if (this.partialSize > 0) {
      at = this.complete(chunk);
      if (at < 0) return;
    }
    while (chunk.length - at >= 4) {
      const end = at + 4 + chunk.readInt32BE(at);
      if (end > chunk.length) break;
      this.onFrame(chunk, at + 4, end);
      at = end;
    }
    if (at < chunk.length) this.hold(chunk, at, chunk.length);
    this.onBatch();
  }

  /** Fills up the frame under way; returns where the chunk goes on, or -1 when it has not come to its end. */
  private complete(chunk: Buffer): number {
    let at = 0;
    if (this.partialSize < 4) {
      at = Math.min(4 - this.partialSize, chunk.length);
      this.hold(chunk, 0, at);
      if (this.partialSize < 4) return -1;
    }
    const wanted = 4 + this.partial.readInt32BE(0);
    const end = Math.min(chunk.length, at + wanted - this.partialSize);
    this.hold(chunk, at, end);
    if (this.partialSize < wanted) return -1;
    this.partialSize = 0;
    this.onFrame(this.partial, 4, wanted);
    return end;
  }

  private hold(chunk: Buffer, start: number, end: number): void {
    const size = this.partialSize + end - start;
    if (size > this.partial.length) {
      const larger = Buffer.allocUnsafeSlow(size * 2);
      this.partial.copy(larger, 0, 0, this.partialSize);
      this.partial = larger;
    }
    chunk.copy(this.partial, this.partialSize, start, end);
    this.partialSize = size;
  }
}
