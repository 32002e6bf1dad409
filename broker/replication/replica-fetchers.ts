/**
 * The fetchers of this broker: `num.replica.fetchers` for each leader that it follows, made when there is something to fetch
 * and closed when there is nothing left. A partition always has the same one.
 */
import type { Clock } from '../../shared/base/clock.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { javaHash } from '../group/java-hash.ts';
import type { Scheduler } from '../log/scheduler.ts';
import type { FollowerReplica } from './follower-replica.ts';
import type { LeaderConnection } from './leader-connection.ts';
import type { ReplicationThrottle } from './replication-throttle.ts';
import { type FetcherLimits, ReplicaFetcher } from './replica-fetcher.ts';

export interface ReplicaFetchersOptions {
  readonly brokerId: number;
  /** `num.replica.fetchers`. */
  readonly fetchersPerLeader: number;
  readonly limits: FetcherLimits;
  readonly connect: (leaderId: number, clientId: string) => Promise<LeaderConnection>;
  /** The followers' side of the throttle. */
  readonly throttle?: ReplicationThrottle | undefined;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

export class ReplicaFetchers {
  private readonly options: ReplicaFetchersOptions;
  private readonly fetchers = new Map<string, ReplicaFetcher>();
  private readonly closing = new Set<Promise<void>>();
  private closed = false;

  constructor(options: ReplicaFetchersOptions) {
    this.options = options;
  }

  follow(replica: FollowerReplica): void {
    if (this.closed) return;
    const index = Math.abs((Math.imul(31, javaHash(replica.topic)) + replica.index) | 0) % this.options.fetchersPerLeader;
    const key = keyOf(replica.leaderId, index);
    let fetcher = this.fetchers.get(key);
    if (fetcher === undefined) this.fetchers.set(key, (fetcher = this.create(replica.leaderId, index)));
    fetcher.add(replica);
  }

  private create(leaderId: number, index: number): ReplicaFetcher {
    const { brokerId, limits, connect, clock, scheduler, throttle } = this.options;
    const prefix = `[ReplicaFetcher replicaId=${brokerId}, leaderId=${leaderId}, fetcherId=${index}] `;
    const logger = createLogger('kafka.server.ReplicaFetcherThread', prefix);
    logger.debug('Starting');
    return new ReplicaFetcher({
      brokerId,
      leaderId,
      limits,
      connect: () => connect(leaderId, `broker-${brokerId}-fetcher-${index}`),
      throttle,
      clock,
      scheduler,
      logger,
    });
  }

  forget(replica: FollowerReplica): void {
    for (let index = 0; index < this.options.fetchersPerLeader; index += 1) {
      this.fetchers.get(keyOf(replica.leaderId, index))?.remove(replica);
    }
  }

  /** Closes those that have nothing to fetch. */
  closeIdle(): void {
    for (const [key, fetcher] of this.fetchers) {
      if (fetcher.size > 0) continue;
      this.fetchers.delete(key);
      const closing = fetcher.close().finally(() => this.closing.delete(closing));
      this.closing.add(closing);
    }
  }

  /** For tests and figures: fetchers that have something to fetch. */
  get count(): number {
    return this.fetchers.size;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.fetchers.values()].map((fetcher) => fetcher.close()));
    this.fetchers.clear();
    await Promise.all(this.closing);
  }
}

function keyOf(leaderId: number, index: number): string {
  return `${leaderId}-${index}`;
}
