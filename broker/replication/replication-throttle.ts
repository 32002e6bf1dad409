/**
 * How fast replicas may be copied (KIP-73): `leader.` and `follower.replication.throttled.rate`, in bytes a second over all replicas that
 * the topics' `…replication.throttled.replicas` name. While more than that was copied of late, throttled replicas that are behind wait.
 * Those in sync never do: producers wait for them.
 *
 * So one answer may exceed the rate and the next one comes later: the average is kept, as with the quotas of clients.
 */
import type { RateWindows } from '../quota/sampled-rate.ts';
import { SampledRate } from '../quota/sampled-rate.ts';

export interface ReplicationThrottleOptions {
  /** Bytes a second in force now; Infinity (or what is as good as that) for no limit. */
  readonly rate: () => number;
  /** Whether the partition's replica is among those named; asked only while there is a limit. */
  readonly isNamed: (topic: string, partition: number) => boolean;
  readonly windows: RateWindows;
  readonly monotonicMs: () => number;
}

/** From here on a rate is no limit: the setting's default is the largest long. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** The rate may be changed or taken away meanwhile. */
const RECHECK_MS = 1000;

export class ReplicationThrottle {
  private readonly options: ReplicationThrottleOptions;
  private readonly copied: SampledRate;

  constructor(options: ReplicationThrottleOptions) {
    this.options = options;
    this.copied = new SampledRate(options.windows, 'elapsed');
  }

  /** Whether copying this replica counts. */
  isThrottled(topic: string, partition: number): boolean {
    return this.options.rate() < UNLIMITED && this.options.isNamed(topic, partition);
  }

  /** Bytes of a throttled replica were copied. */
  record(size: number): void {
    this.copied.record(size, this.options.monotonicMs());
  }

  /** How long throttled replicas have to wait now; 0: not at all. */
  waitMs(): number {
    const rate = this.options.rate();
    // A rate of 0 stops copying until somebody sets another one, which is noticed within a second.
    return rate <= 0 ? RECHECK_MS : Math.min(RECHECK_MS, this.copied.throttleMs(rate, this.options.monotonicMs()));
  }
}

/** Whether a topic's list (`*`, or `partition:broker` pairs) names a broker's replica of a partition. */
export function namesReplica(list: string, partition: number, brokerId: number): boolean {
  return list.split(',').some((entry) => entry.trim() === '*' || entry.trim() === `${partition}:${brokerId}`);
}
