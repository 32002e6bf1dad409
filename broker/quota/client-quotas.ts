/**
 * Client quotas at work: the limits in force, and one request's dealings with them. What a request uses is recorded where it is known (its
 * handler tells sizes and partitions, the router its time); its answer goes out at once and says for how long the client has to wait,
 * and for as long its connection is not read (KIP-219).
 *
 * Without any limit a request costs one look at `enabled`.
 */
import type { Clock } from '../../shared/base/clock.ts';
import { ClientQuota } from './client-quota.ts';
import type { MutationAllowance, MutationGate, Strictness } from './mutation-quota.ts';
import { MutationQuota } from './mutation-quota.ts';
import type { RateWindows } from './sampled-rate.ts';
import type { QuotaEntity } from './quota-entities.ts';
import { CLIENT_ID, USER } from './quota-entities.ts';

export interface ClientQuotasOptions {
  readonly windows: RateWindows;
  readonly mutationWindows: RateWindows;
  /**
   * `num.io.threads` and `num.network.threads` together: all of a broker's time is so many times 100 %. Here it is one event loop's time, and
   * a quota means the same share of the broker as there.
   */
  readonly threadCount: () => number;
  readonly clock: Clock;
}

export class ClientQuotas {
  readonly produce: ClientQuota;
  readonly fetch: ClientQuota;
  readonly request: ClientQuota;
  readonly mutation: MutationQuota;
  private readonly options: ClientQuotasOptions;
  private readonly byKey: readonly (readonly [key: string, quota: ClientQuota | MutationQuota])[];
  private isEnabled = false;

  constructor(options: ClientQuotasOptions) {
    const { windows, mutationWindows } = options;
    this.options = options;
    this.produce = new ClientQuota(windows);
    this.fetch = new ClientQuota(windows);
    // No longer than one sample: how long requests take is less certain than how large they are.
    this.request = new ClientQuota(windows, windows.sizeMs);
    this.mutation = new MutationQuota(mutationWindows);
    this.byKey = [
      ['producer_byte_rate', this.produce],
      ['consumer_byte_rate', this.fetch],
      ['request_percentage', this.request],
      ['controller_mutation_rate', this.mutation],
    ];
  }

  /** Whether anybody has a limit. */
  get enabled(): boolean {
    return this.isEnabled;
  }

  /** From now on these, by key, are all limits of the entity. */
  set(entity: QuotaEntity, limits: ReadonlyMap<string, number>): void {
    for (const [key, quota] of this.byKey) quota.limits.set(entity.get(USER), entity.get(CLIENT_ID), limits.get(key));
    this.update();
  }

  /** Nothing is limited any more by entities of this kind (`users`: with their clients). */
  clear(kind: 'users' | 'clients'): void {
    for (const [, quota] of this.byKey) quota.limits.clear(kind);
    this.update();
  }

  private update(): void {
    this.isEnabled = this.byKey.some(([, quota]) => !quota.limits.isEmpty);
  }

  nowMs(): number {
    return this.options.clock.monotonicMs();
  }

  /** For a request that came at `startedMs`. */
  open(principal: string, clientId: string | null, startedMs: number): RequestQuotas {
    return new RequestQuotas(this, principal.slice(principal.indexOf(':') + 1), clientId ?? '', startedMs);
  }

  /** Percent of one thread's time over one second that so many ms are. */
  percentOf(ms: number): number {
    return (ms / 1000) * 100 * this.options.threadCount();
  }
}

/** What one request uses of its client's quotas. */
export class RequestQuotas {
  private readonly quotas: ClientQuotas;
  private readonly user: string;
  private readonly clientId: string;
  private readonly startedMs: number;
  private handledMs: number | null = null;
  private settledMs = 0;
  private isTimeCharged = false;
  private isExempt = false;
  private allowance: MutationAllowance | null = null;
  private throttledMs = 0;

  constructor(quotas: ClientQuotas, user: string, clientId: string, startedMs: number) {
    this.quotas = quotas;
    this.user = user;
    this.clientId = clientId;
    this.startedMs = startedMs;
  }

  /** How long the client has to wait, as far as it is known. */
  get throttleMs(): number {
    return this.throttledMs;
  }

  private throttle(ms: number): void {
    if (ms > this.throttledMs) this.throttledMs = ms;
  }

  /** The request's time does not count. */
  exempt(): void {
    this.isExempt = true;
  }

  produced(size: number): void {
    this.throttle(this.quotas.produce.record(this.user, this.clientId, size, this.quotas.nowMs()));
  }

  /** Bytes that a fetch had better not exceed: with more it would be throttled each time, and never get on. */
  get fetchSizeMax(): number {
    return Math.min(0x7fff_ffff, Math.trunc(this.quotas.fetch.valueMax(this.user, this.clientId)));
  }

  /**
   * A fetch is to be answered with so many bytes. Returns whether it may be. If not, its answer has to be empty, and nothing was recorded.
   * The size is asked for only where it counts.
   */
  mayFetch(sizeOf: () => number): boolean {
    const { quotas, user, clientId } = this;
    const nowMs = quotas.nowMs();
    this.chargeTime(nowMs);
    if (!quotas.fetch.isLimited(user, clientId)) return this.throttledMs === 0;
    const size = sizeOf();
    this.throttle(quotas.fetch.record(user, clientId, size, nowMs));
    if (this.throttledMs > 0) quotas.fetch.record(user, clientId, -size, nowMs);
    return this.throttledMs === 0;
  }

  /**
   * Asks, before partitions are created or deleted, whether they may be. `background`: the request made others wish for it (a topic that is
   * created by itself), so it is never refused, and its answer does not wait.
   */
  mutationGate(strictness: Strictness | 'background'): MutationGate {
    const { quotas } = this;
    const allowance = quotas.mutation.open(this.user, this.clientId, strictness === 'strict' ? 'strict' : 'permissive', quotas.nowMs());
    if (strictness !== 'background') this.allowance = allowance;
    return (partitionCount) => allowance === null || allowance.take(partitionCount, quotas.nowMs());
  }

  /** The handler returned; it may still have to wait for others. */
  handled(): void {
    this.handledMs = this.quotas.nowMs() - this.startedMs;
  }

  /** The answer is there. Returns how long the client has to wait. */
  settle(): number {
    const nowMs = this.quotas.nowMs();
    this.settledMs = nowMs;
    this.chargeTime(nowMs);
    if (this.allowance !== null) this.throttle(this.allowance.throttleMs(nowMs));
    return this.throttledMs;
  }

  /** The answer is on its way: that took time, too, which counts when the client's next request is answered. */
  sent(): void {
    const nowMs = this.quotas.nowMs();
    if (!this.isExempt) this.recordTime(nowMs - this.settledMs, nowMs);
  }

  private chargeTime(nowMs: number): void {
    if (this.isTimeCharged || this.isExempt) return;
    this.isTimeCharged = true;
    this.throttle(this.recordTime(this.handledMs ?? nowMs - this.startedMs, nowMs));
  }

  private recordTime(ms: number, nowMs: number): number {
    return this.quotas.request.record(this.user, this.clientId, this.quotas.percentOf(ms), nowMs);
  }
}
