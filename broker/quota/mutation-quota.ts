/**
 * The quota of the controller's work (KIP-599): partitions that are created or deleted, in tokens (`kafka.server.ControllerMutationQuotaManager`).
 *
 * A strict request is refused while tokens are owed, and otherwise takes as many as it needs, even more than there are: so a topic with
 * more partitions than the burst has can be created. A permissive one (older clients don't know the refusal) always takes, and is throttled
 * when it owes. Pure: the time is an argument.
 */
import { IDLE_MS, SHARERS_MAX, THROTTLE_MS_MAX } from './client-quota.ts';
import { IdleMap } from './idle-map.ts';
import { QuotaLimits } from './quota-limits.ts';
import type { RateWindows } from './sampled-rate.ts';
import { TokenBucket } from './token-bucket.ts';

export type Strictness = 'strict' | 'permissive';

/** Whether so many partitions may be created or deleted now; asking takes them from the client's quota. */
export type MutationGate = (partitionCount: number) => boolean;

export class MutationQuota {
  readonly limits = new QuotaLimits();
  private readonly buckets: IdleMap<TokenBucket>;

  constructor({ count, sizeMs }: RateWindows) {
    this.buckets = new IdleMap({ idleMs: IDLE_MS, sizeMax: SHARERS_MAX, make: () => new TokenBucket(count * sizeMs) });
  }

  /** For one request. Null for a client without limit. */
  open(user: string, clientId: string, strictness: Strictness, nowMs: number): MutationAllowance | null {
    const found = this.limits.find(user, clientId);
    return found === null ? null : new MutationAllowance(this.buckets.use(found.sharedBy, nowMs), found.limit, strictness);
  }
}

/** What one request may do. */
export class MutationAllowance {
  private readonly bucket: TokenBucket;
  private readonly perSecond: number;
  private readonly strictness: Strictness;
  private throttledUntilMs = -Infinity;

  constructor(bucket: TokenBucket, perSecond: number, strictness: Strictness) {
    this.bucket = bucket;
    this.perSecond = perSecond;
    this.strictness = strictness;
  }

  /** Takes tokens for so many partitions. False: refused, and none taken. */
  take(partitionCount: number, nowMs: number): boolean {
    const { bucket, perSecond, strictness } = this;
    if (strictness === 'permissive') bucket.take(partitionCount, perSecond, nowMs);
    const owed = bucket.level(perSecond, nowMs) < 0;
    if (owed) this.throttledUntilMs = nowMs + Math.min(THROTTLE_MS_MAX, bucket.throttleMs(perSecond, nowMs));
    if (strictness === 'permissive') return true;
    if (!owed) bucket.take(partitionCount, perSecond, nowMs);
    return !owed;
  }

  /** What is left, when the request is answered, of the time that the client has to wait. */
  throttleMs(nowMs: number): number {
    return Math.max(0, Math.round(this.throttledUntilMs - nowMs));
  }
}
