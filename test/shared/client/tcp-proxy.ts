/** Stands between a client and a server, so that a test can cut, stop and restore the line between them. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export class TcpProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private refusing = false;
  private silent = false;

  private constructor(server: Server) {
    this.server = server;
  }

  static async open(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => proxy.join(client, targetPort));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every connection; new ones are welcome unless `refuse` says otherwise. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  refuse(refusing: boolean): void {
    this.refusing = refusing;
  }

  /** Keeps connections open, but passes nothing on from the server. */
  silence(silent: boolean): void {
    this.silent = silent;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket, targetPort: number): void {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => {
        if (from === client || !this.silent) to.write(chunk);
      });
      // A line that a test cuts is reset on both sides; that is the point.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
