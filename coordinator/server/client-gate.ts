/** Joins one connection to sessions and pipeline: what a door hands over goes through the throttles to where it belongs. */
import type { Clock } from '../../shared/base/clock.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Request } from '../../shared/znode/operations.ts';
import type { ConnectMessage, Door, Gate } from '../net/door.ts';
import type { ConnectionThrottle } from '../session/connection-throttle.ts';
import type { ClientSession } from './client.ts';
import { Client } from './client.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import type { RequestThrottler } from './request-throttler.ts';
import type { ServerStats } from './server-stats.ts';

/** Whose sessions these are: a server's own, a leader's, or those that a learner holds for its leader. */
export interface SessionKeeper {
  connect(pipeline: RequestPipeline, client: Client, message: ConnectMessage): void;
  /** The session was heard of. */
  touch(session: ClientSession): void;
  /** The connection that the session lived on is gone. */
  disconnected(pipeline: RequestPipeline, session: ClientSession): void;
  /** A connection is gone, with or without a session. */
  left?(client: Client): void;
}

export interface GateContext {
  pipeline: RequestPipeline;
  sessions: SessionKeeper;
  clients: Set<Client>;
  stats: ServerStats;
  clock: Clock;
  /** Null: not throttled. */
  requestThrottler: RequestThrottler | null;
  connectionThrottle: ConnectionThrottle | null;
  localSessions: boolean;
  log: Logger;
}

/** Joins one connection to sessions and pipeline. */
export class ClientGate implements Gate {
  private readonly context: GateContext;
  private readonly client: Client;

  constructor(door: Door, context: GateContext) {
    this.context = context;
    this.client = new Client(door, context.pipeline.markDirty, context.clock.monotonicMs());
    context.clients.add(this.client);
  }

  connect(message: ConnectMessage): void {
    this.context.stats.packetsReceived++;
    this.client.stats.received++;
    if (!this.isAdmitted(message)) return;
    this.context.sessions.connect(this.context.pipeline, this.client, message);
  }

  request(xid: number, request: Request): void {
    const { client, context } = this;
    const { session } = client;
    context.stats.packetsReceived++;
    // No session was granted: the connection is being closed.
    if (session === null) return;
    context.sessions.touch(session);
    if (context.requestThrottler === null) context.pipeline.request(client, xid, request);
    else context.requestThrottler.submit(client, xid, request);
  }

  unknown(xid: number, _type: number): void {
    const { client, context } = this;
    context.stats.packetsReceived++;
    if (client.session === null) return;
    if (context.requestThrottler === null) context.pipeline.unknown(client, xid);
    else context.requestThrottler.submit(client, xid, null);
  }

  /** Where connections are throttled: has this one its tokens? Else it is closed without an answer, as in the original. */
  private isAdmitted({ sessionId }: ConnectMessage): boolean {
    const { connectionThrottle, localSessions, stats, clock, log } = this.context;
    if (connectionThrottle === null) return true;
    const kind = sessionId !== 0n ? 'renew' : localSessions ? 'local' : 'global';
    const admitted = connectionThrottle.admit(kind, clock.monotonicMs());
    if (admitted) {
      stats.metrics.summaries.connection_token_deficit.add(connectionThrottle.deficit);
    } else {
      stats.metrics.counters.connection_rejected.add();
      log.warn(`Refusing a session of /${this.client.door.remoteAddress}:${this.client.door.remotePort}: connections are throttled (connectionMaxTokens)`);
      this.client.door.close();
    }
    return admitted;
  }

  endOfBatch(): void {
    this.context.pipeline.flush();
  }

  drained(): void {
    this.context.pipeline.drained(this.client);
  }

  closed(): void {
    const { client, context } = this;
    if (client.gone) return;
    context.clients.delete(client);
    context.stats.metrics.counters.connection_drop_count.add();
    // Nobody will read the answers to these.
    context.stats.metrics.counters.stale_replies.add(client.pending.size);
    context.pipeline.disconnected(client);
    if (client.session?.client === client) context.sessions.disconnected(context.pipeline, client.session);
    context.sessions.left?.(client);
  }
}

/** Closes whoever comes while nothing is served: clients then try another member. */
export class ClosedGate implements Gate {
  private readonly door: Door;

  constructor(door: Door) {
    this.door = door;
  }

  connect(): void {
    this.door.close();
  }

  request(): void {
    this.door.close();
  }

  unknown(): void {
    this.door.close();
  }

  endOfBatch(): void {
    // Nothing was asked.
  }

  drained(): void {
    // Nothing was said.
  }

  closed(): void {
    // Nobody waits.
  }
}
