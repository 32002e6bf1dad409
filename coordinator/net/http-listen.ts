/** A small HTTP server for machines that look in: bounded requests, idle connections ended. */
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';

/** Bytes of a request's headers; nothing here has a body worth reading. */
const HEADER_BYTES_MAX = 8192;
/** Connections at a time: dashboards and scrapers, not clients. */
const CONNECTIONS_MAX = 100;

export interface HttpListenOptions {
  port: number;
  host: string;
  idleTimeoutMs: number;
}

/** Resolves when it listens; rejects with the system's error. */
export function listenHttp({ port, host, idleTimeoutMs }: HttpListenOptions, handle: RequestListener): Promise<Server> {
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: idleTimeoutMs, requestTimeout: 10_000 }, handle);
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(idleTimeoutMs);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
