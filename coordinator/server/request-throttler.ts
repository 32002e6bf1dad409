/**
 * Holds requests back while too many are in process (`RequestThrottler`): they wait in one line, in the order in which they came, and go
 * on as others finish. What went stale in it is dropped together with its connection, since nothing after it may overtake; what waited
 * too long is answered with ZTHROTTLEDOP instead of being done.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Request } from '../../shared/znode/operations.ts';
import type { Client } from './client.ts';
import { Fifo } from './fifo.ts';
import type { Metrics } from './metrics.ts';

export interface RequestThrottlerOptions {
  /** Requests in process before others wait. */
  limit: number;
  stallTimeMs: number;
  dropStale: boolean;
  staleLatencyCheck: boolean;
  staleConnectionCheck: boolean;
  /** 0: however long it waited, it is done. */
  throttledOpWaitMs: number;
  clock: Clock;
  metrics: Metrics;
}

/** Where requests go on to. */
export interface ThrottledPipeline {
  /** Requests in process. */
  readonly outstandingCount: number;
  request(client: Client, xid: number, request: Request): void;
  /** A request of a type that nobody serves. */
  unknown(client: Client, xid: number): void;
  /** Answers ZTHROTTLEDOP in the request's turn. */
  throttled(client: Client, xid: number, request: Request): void;
  /** A client has one request more in line: it may have to be held back. */
  held(client: Client): void;
  /** Sends the answers that there are. */
  flush(): void;
}

interface Waiting {
  client: Client;
  xid: number;
  /** Null: of a type that nobody serves. */
  request: Request | null;
  sinceMs: number;
}

export class RequestThrottler {
  private readonly options: RequestThrottlerOptions;
  private readonly pipeline: ThrottledPipeline;
  private readonly waiting = new Fifo<Waiting>();
  private timer: NodeJS.Timeout | null = null;
  private draining = false;

  constructor(options: RequestThrottlerOptions, pipeline: ThrottledPipeline) {
    this.options = options;
    this.pipeline = pipeline;
  }

  submit(client: Client, xid: number, request: Request | null): void {
    if (client.invalid) return;
    if (this.waiting.size === 0 && this.pipeline.outstandingCount < this.options.limit) {
      this.options.metrics.summaries.request_throttle_queue_time_ms.add(0);
      if (request === null) this.pipeline.unknown(client, xid);
      else this.pipeline.request(client, xid, request);
      return;
    }
    this.waiting.push({ client, xid, request, sinceMs: this.options.clock.monotonicMs() });
    client.throttledCount++;
    this.pipeline.held(client);
    this.stall();
  }

  /** Some that were in process are done: others may go on. */
  finished(): void {
    if (this.waiting.size > 0 && !this.draining) this.drain();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private drain(): void {
    const { limit, dropStale, metrics, clock } = this.options;
    this.draining = true;
    for (let next = this.waiting.peek(); next !== undefined; next = this.waiting.peek()) {
      const { client } = next;
      const stale = this.isStale(next);
      // After one of its requests was dropped, none of a connection is done.
      if (client.invalid || (stale && dropStale)) {
        this.take();
        if (!client.invalid) metrics.counters.stale_requests_dropped.add();
        client.invalid = true;
        if (!client.gone) client.door.close();
        continue;
      }
      if (this.pipeline.outstandingCount >= limit) break;
      this.take();
      if (stale) metrics.counters.stale_requests.add();
      const waitedMs = clock.monotonicMs() - next.sinceMs;
      metrics.summaries.request_throttle_queue_time_ms.add(waitedMs);
      this.goOn(next, waitedMs);
    }
    this.draining = false;
    this.pipeline.flush();
    if (this.waiting.size > 0) this.stall();
  }

  private goOn({ client, xid, request }: Waiting, waitedMs: number): void {
    const { throttledOpWaitMs, metrics } = this.options;
    if (request === null) {
      if (!client.gone) this.pipeline.unknown(client, xid);
      return;
    }
    const isClose = request.op === 'closeSession';
    // Nobody is there to be answered, or to have a watch. A session is closed all the same, unless it has gone on elsewhere or is over.
    if (client.gone && !(isClose && client.session?.client === null && !client.session.closing)) return;
    if (throttledOpWaitMs > 0 && waitedMs > throttledOpWaitMs && request.op !== 'ping' && !isClose) {
      metrics.counters.throttled_ops.add();
      this.pipeline.throttled(client, xid, request);
    } else {
      this.pipeline.request(client, xid, request);
    }
  }

  private take(): void {
    this.waiting.shift()!.client.throttledCount--;
  }

  /** A request to close outlives its connection: what the session holds has to go. */
  private isStale({ client, request, sinceMs }: Waiting): boolean {
    const { staleConnectionCheck, staleLatencyCheck, clock } = this.options;
    if (request?.op === 'closeSession') return false;
    if (staleConnectionCheck && client.gone) return true;
    return staleLatencyCheck && clock.monotonicMs() - sinceMs > (client.session?.timeoutMs ?? Infinity);
  }

  /** Looks again after a while even if nothing finishes: what waits may go stale. */
  private stall(): void {
    if (this.timer !== null) return;
    this.options.metrics.counters.request_throttle_wait_count.add();
    this.timer = setTimeout(() => {
      this.timer = null;
      this.drain();
    }, this.options.stallTimeMs);
  }
}
