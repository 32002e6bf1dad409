/**
 * A TCP line that a test can spoil: every connection to its port goes on to a server's port, until it is cut or falls silent.
 * What a silent line was given is not lost: it arrives when the line is mended, as after a network's retransmissions.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

const host = '127.0.0.1';

/** `forth`: from whoever connects to the server; `back`: the other way. */
export type Direction = 'forth' | 'back';

export class Line {
  readonly port: number;
  private readonly server: Server;
  private readonly pairs = new Set<{ readonly forth: Socket; readonly back: Socket }>();
  private readonly silent = new Set<Direction>();
  private isCut = false;

  static async open(targetPort: number): Promise<Line> {
    const server = createServer({ allowHalfOpen: false });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, host, resolve);
    });
    return new Line(server, targetPort);
  }

  private constructor(server: Server, targetPort: number) {
    this.server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (near) => {
      if (this.isCut) {
        near.resetAndDestroy();
        return;
      }
      const far = connect({ port: targetPort, host, noDelay: true });
      near.setNoDelay(true);
      const pair = { forth: near, back: far };
      this.pairs.add(pair);
      this.carry(near, far, 'forth');
      this.carry(far, near, 'back');
      near.once('close', () => this.pairs.delete(pair));
    });
  }

  private carry(from: Socket, to: Socket, direction: Direction): void {
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.silent.has(direction)) from.resume();
    });
    // A server that was killed resets its connections: the other end sees the same.
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => to.destroy());
    if (this.silent.has(direction)) from.pause();
  }

  /** Ends all connections and refuses new ones, until `mend`. */
  cut(): void {
    this.isCut = true;
    for (const { forth, back } of this.pairs) {
      forth.resetAndDestroy();
      back.resetAndDestroy();
    }
  }

  /** Lets nothing through in these directions, and says so to nobody, until `mend`. */
  silence(directions: readonly Direction[] = ['forth', 'back']): void {
    for (const direction of directions) this.silent.add(direction);
    for (const pair of this.pairs) for (const direction of directions) pair[direction].pause();
  }

  mend(): void {
    this.isCut = false;
    this.silent.clear();
    for (const { forth, back } of this.pairs) {
      forth.resume();
      back.resume();
    }
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}
