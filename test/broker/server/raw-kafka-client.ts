/** A socket for tests of the wire: bytes out as they are, frames in. Waits for events, with the test's own time-out as the limit. */
import net from 'node:net';
import { FrameSplitter } from '../../../shared/bytes/frame-splitter.ts';

export class RawKafkaClient {
  readonly socket: net.Socket;
  private readonly frames: Buffer[] = [];
  private readonly splitter = new FrameSplitter(64 * 1024 * 1024);
  private wake: (() => void) | null = null;
  private closed = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.frames.push(...this.splitter.push(chunk));
      this.wake?.();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.closed = true;
      this.wake?.();
    });
  }

  static connect(port: number): Promise<RawKafkaClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawKafkaClient(socket));
      });
    });
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next response, without its size. Rejects when the broker closes the connection. */
  async receive(): Promise<Buffer> {
    while (this.frames.length === 0) {
      if (this.closed) throw new Error('The broker closed the connection');
      await this.event();
    }
    return this.frames.shift()!;
  }

  /** Resolves when the broker closes the connection; rejects when it answers instead. */
  async untilClosed(): Promise<void> {
    while (!this.closed) {
      if (this.frames.length > 0) throw new Error('The broker answered');
      await this.event();
    }
  }

  private event(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null;
        resolve();
      };
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A frame of a request: size, header version 1, body. */
export function frame(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  body: Buffer = Buffer.alloc(0),
  clientId = 'raw',
): Buffer {
  const header = Buffer.alloc(14 + clientId.length);
  header.writeInt32BE(10 + clientId.length + body.length, 0);
  header.writeInt16BE(apiKey, 4);
  header.writeInt16BE(apiVersion, 6);
  header.writeInt32BE(correlationId, 8);
  header.writeInt16BE(clientId.length, 12);
  header.write(clientId, 14);
  return Buffer.concat([header, body]);
}
