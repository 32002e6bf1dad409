/** Sessions opened and closed, each on a connection of its own, so many at once. */
import { Connection } from './connection.ts';
import { sampled, type Measured } from './sample.ts';

/** Loopback addresses to connect from: one has too few ports for many short connections. */
const ADDRESSES = 100;
let connected = 0;

export async function driveSessions(ports: readonly number[], depth: number, durationMs: number): Promise<Measured> {
  const latencies: number[] = [];
  const startMs = performance.now();
  const untilMs = startMs + durationMs;
  const client = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
      const connection = await Connection.open(ports[connected % ports.length]!, { localAddress: `127.0.1.${1 + (connected++ % ADDRESSES)}`, receiveBytes: 1024 });
      await connection.close();
      latencies.push(performance.now() - nowMs);
    }
  };
  await Promise.all(Array.from({ length: depth }, client));
  return { ...sampled(latencies, latencies.length, (performance.now() - startMs) / 1000), after: async () => undefined };
}
