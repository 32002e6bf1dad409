/**
 * One kind of client quota (bytes produced, bytes fetched, time of requests): who used how much of late, and how long a client that is
 * above its limit has to wait (`kafka.server.ClientQuotaManager`). What was recorded stays recorded for as long as the windows last, so that
 * the average comes down to the limit. Clients without a limit cost nothing. Pure: the time is an argument.
 */
import { IdleMap } from './idle-map.ts';
import { QuotaLimits } from './quota-limits.ts';
import type { RateWindows } from './sampled-rate.ts';
import { SampledRate } from './sampled-rate.ts';

/** A client that was idle for so long begins anew (`InactiveSensorExpirationTimeSeconds`). */
export const IDLE_MS = 3600 * 1000;
/** Who shares a limit, at a time: a client may call itself what it likes. */
export const SHARERS_MAX = 50_000;
/** Throttle times are 32 bits on the wire, and a timer can be set to as much. */
export const THROTTLE_MS_MAX = 0x7fff_ffff;

export class ClientQuota {
  readonly limits = new QuotaLimits();
  private readonly windows: RateWindows;
  private readonly throttleMsMax: number;
  private readonly rates: IdleMap<SampledRate>;

  constructor(windows: RateWindows, throttleMsMax = THROTTLE_MS_MAX) {
    this.windows = windows;
    this.throttleMsMax = throttleMsMax;
    this.rates = new IdleMap({ idleMs: IDLE_MS, sizeMax: SHARERS_MAX, make: () => new SampledRate(windows) });
  }

  /** Records `value`. Returns how long the client has to wait, in ms; 0 for not at all. */
  record(user: string, clientId: string, value: number, nowMs: number): number {
    const found = this.limits.find(user, clientId);
    if (found === null) return 0;
    const rate = this.rates.use(found.sharedBy, nowMs);
    rate.record(value, nowMs);
    return Math.min(this.throttleMsMax, rate.throttleMs(found.limit, nowMs));
  }

  isLimited(user: string, clientId: string): boolean {
    return this.limits.find(user, clientId) !== null;
  }

  /** Recording more than this at once throttles for sure, even a client that was silent; Infinity without a limit. */
  valueMax(user: string, clientId: string): number {
    const found = this.limits.find(user, clientId);
    const { count, sizeMs } = this.windows;
    return found === null ? Infinity : (found.limit * (count - 1) * sizeMs) / 1000;
  }
}
