/**
 * Keeps a number of requests in flight for a while: each answer makes room for the next request. What came together is
 * answered together, so that the load costs one write a batch, as clients that pipeline do.
 */
import { Connection } from './connection.ts';
import { Frames, HEADER_SIZE, OP, record } from './frames.ts';
import { sampled, type Measured } from './sample.ts';
import { WORKLOADS, type Lane } from './workloads.ts';

/** Requests in flight over more than one connection, once there are enough of them. */
const LANES_MAX = 16;
const LANE_DEPTH_MIN = 4;
const GIVE_UP_MS = 60_000;

export interface DriveOptions {
  /** Of one server, or of an ensemble's members, over which the connections are spread. */
  readonly ports: readonly number[];
  readonly workload: string;
  readonly depth: number;
  readonly durationMs: number;
  readonly run: number;
}

class Driver {
  private readonly connection: Connection;
  private readonly lane: Lane;
  private readonly depth: number;
  private readonly untilMs: number;
  private readonly latencies: number[];
  /** When the requests in flight were sent, by xid modulo depth. */
  private readonly sentMs: Float64Array;
  private nextXid = 1;
  private expectedXid = 1;
  private readonly done: (error: Error | null) => void;

  constructor(connection: Connection, lane: Lane, depth: number, untilMs: number, latencies: number[], done: (error: Error | null) => void) {
    this.connection = connection;
    this.lane = lane;
    this.depth = depth;
    this.untilMs = untilMs;
    this.latencies = latencies;
    this.sentMs = new Float64Array(depth);
    this.done = done;
    connection.onFailure = done;
    connection.onFrame = (bytes, start, end) => this.answered(bytes, start, end);
    connection.onBatch = () => this.fill();
  }

  fill(): void {
    const nowMs = performance.now();
    const inFlight = this.nextXid - this.expectedXid;
    if (nowMs >= this.untilMs) {
      if (inFlight === 0) this.done(null);
      return;
    }
    const count = this.depth - inFlight;
    if (count === 0) return;
    const frames = new Frames(256 * count);
    for (let i = 0; i < count; i++) {
      this.sentMs[this.nextXid % this.depth] = nowMs;
      this.lane.write(frames, this.nextXid++);
    }
    this.connection.send(frames.finish());
  }

  private answered(bytes: Buffer, start: number, end: number): void {
    const xid = bytes.readInt32BE(start);
    const err = bytes.readInt32BE(start + 12);
    if (xid !== this.expectedXid) throw new Error(`The answer to request ${xid}, expected ${this.expectedXid}`);
    if (err !== 0) throw new Error(`Error ${err} answers request ${xid}`);
    this.latencies.push(performance.now() - this.sentMs[xid % this.depth]!);
    this.expectedXid++;
    this.lane.check(bytes, start + HEADER_SIZE, end);
  }
}

export async function drive({ ports, workload, depth, durationMs, run }: DriveOptions): Promise<Measured> {
  const open = WORKLOADS[workload];
  if (open === undefined) throw new Error(`No workload is called "${workload}"`);
  const lanes = Math.max(1, Math.min(LANES_MAX, Math.floor(depth / LANE_DEPTH_MIN)));
  const connections: Connection[] = [];
  const opened: (Lane & { tidy?(): Promise<void> })[] = [];
  for (let index = 0; index < lanes; index++) {
    const connection = await Connection.open(ports[(run + index) % ports.length]!);
    connections.push(connection);
    // A member that follows may not have heard yet what another one has answered.
    await connection.ask(OP.sync, record.sync('/'));
    opened.push(await open({ connection, index, lanes, run }));
  }
  const latencies: number[] = [];
  const startMs = performance.now();
  const untilMs = startMs + durationMs;
  const timeout = AbortSignal.timeout(durationMs + GIVE_UP_MS);
  await Promise.all(
    connections.map(
      (connection, index) =>
        new Promise<void>((resolve, reject) => {
          const lane = opened[index]!;
          timeout.addEventListener('abort', () => reject(new Error(`No answer within ${GIVE_UP_MS} ms`)));
          const driver = new Driver(connection, lane, depth / lanes, untilMs, latencies, (error) => {
            if (error === null) resolve();
            else reject(error);
          });
          driver.fill();
        }),
    ),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const result = sampled(latencies, latencies.length, seconds);
  return { ...result, after: async () => {
    for (const lane of opened) await lane.tidy?.();
    for (const connection of connections) await connection.close();
  } };
}
