/**
 * How fast replicas may be copied (KIP-73): `leader.` and `follower.replication.throttled.rate`, in bytes a second over all replicas that
 * the topics' `…replication.throttled.replicas` name. What was copied is a debt, which time pays off at the rate; while there is
 * debt, throttled replicas that are behind wait. Those in sync never do: producers wait for them.
 *
 * So one answer may exceed the rate and the next one comes later: the average is kept, as with the original's quotas.
 */
export interface ReplicationThrottleOptions {
  /** Bytes a second in force now; Infinity (or what is as good as that) for no limit. */
  readonly rate: () => number;
  /** Whether the partition's replica is among those named; asked only while there is a limit. */
  readonly isNamed: (topic: string, partition: number) => boolean;
  readonly monotonicMs: () => number;
}

/** From here on a rate is no limit: the setting's default is the largest long. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

export class ReplicationThrottle {
  private readonly options: ReplicationThrottleOptions;
  private debt = 0;
  private paidAtMs: number;

  constructor(options: ReplicationThrottleOptions) {
    this.options = options;
    this.paidAtMs = options.monotonicMs();
  }

  /** Whether copying this replica counts. */
  isThrottled(topic: string, partition: number): boolean {
    return this.options.rate() < UNLIMITED && this.options.isNamed(topic, partition);
  }

  /** Bytes of a throttled replica were copied. */
  record(size: number): void {
    this.pay();
    this.debt += size;
  }

  /** How long throttled replicas have to wait now; 0: not at all. */
  waitMs(): number {
    this.pay();
    const rate = this.options.rate();
    // A rate of 0 stops copying until somebody sets another one, which is noticed within a second.
    if (rate <= 0) return RECHECK_MS;
    return Math.min(RECHECK_MS, Math.ceil((this.debt * 1000) / rate));
  }

  private pay(): void {
    const nowMs = this.options.monotonicMs();
    this.debt = Math.max(0, this.debt - (this.options.rate() * (nowMs - this.paidAtMs)) / 1000);
    this.paidAtMs = nowMs;
  }
}

/** The rate may be changed or taken away meanwhile. */
const RECHECK_MS = 1000;

/** Whether a topic's list (`*`, or `partition:broker` pairs) names a broker's replica of a partition. */
export function namesReplica(list: string, partition: number, brokerId: number): boolean {
  return list.split(',').some((entry) => entry.trim() === '*' || entry.trim() === `${partition}:${brokerId}`);
}
