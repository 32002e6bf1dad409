/**
 * How many connections there may be, and how many may come per second (KIP-612): of the broker, of each listener, of each address
 * (`kafka.network.ConnectionQuotas`).
 *
 *     arrives → too many per second for broker or listener?   its listener accepts nothing for a while
 *             → no room in broker or listener?                it waits until another one goes
 *             → too many per second for its address?          it is closed after a while, unserved, and counts nowhere
 *             → too many of its address?                      it is closed at once
 *
 * The listener by which brokers talk is protected where there is another: the broker's limits do not hold it up, and what is too much then
 * is taken from the other listeners. Pure: the time, in ms of a clock that never goes back, is an argument.
 */
import { IdleMap } from './idle-map.ts';
import { type RateWindows, SampledRate } from './sampled-rate.ts';

export interface ListenerLimits {
  readonly connectionsMax: number;
  /** Per second. */
  readonly creationRateMax: number;
}

export interface ConnectionLimits extends ListenerLimits {
  readonly connectionsPerIpMax: number;
  /** Limits of single addresses, which win. */
  readonly connectionsByIp: ReadonlyMap<string, number>;
  readonly ofListeners: ReadonlyMap<string, ListenerLimits>;
}

export type Admission =
  | { readonly kind: 'admitted' }
  /** It is to be closed after so long: one that is closed at once comes again at once. */
  | { readonly kind: 'throttled'; readonly closeAfterMs: number }
  | { readonly kind: 'tooMany'; readonly countMax: number };

export interface ConnectionQuotasOptions {
  readonly limits: ConnectionLimits;
  readonly windows: RateWindows;
  readonly interBrokerListener: string;
}

/** An address's rate is forgotten after an hour without connections (`InactiveSensorExpirationTimeSeconds`), or when there are too many of them. */
const ADDRESS_IDLE_MS = 3_600_000;
const ADDRESSES_MAX = 100_000;

export class ConnectionQuotas {
  private readonly options: ConnectionQuotasOptions;
  private limits: ConnectionLimits;
  private readonly rate: SampledRate;
  private readonly listeners = new Map<string, { count: number; readonly rate: SampledRate }>();
  private readonly countByAddress = new Map<string, number>();
  private readonly rateByAddress: IdleMap<SampledRate>;
  private readonly rateMaxByAddress = new Map<string, number>();
  private addressRateMax = Infinity;
  private total = 0;

  constructor(options: ConnectionQuotasOptions) {
    const { limits, windows } = options;
    const make = (): SampledRate => new SampledRate(windows);
    this.options = options;
    this.limits = limits;
    this.rate = make();
    this.rateByAddress = new IdleMap({ idleMs: ADDRESS_IDLE_MS, sizeMax: ADDRESSES_MAX, make });
  }

  setLimits(limits: ConnectionLimits): void {
    this.limits = limits;
  }

  /** Connections per second of an address, or (null) of each that has no limit of its own; null takes the limit away. */
  setAddressRate(address: string | null, rateMax: number | null): void {
    if (address === null) this.addressRateMax = rateMax ?? Infinity;
    else if (rateMax === null) this.rateMaxByAddress.delete(address);
    else this.rateMaxByAddress.set(address, rateMax);
  }

  clearAddressRates(): void {
    this.addressRateMax = Infinity;
    this.rateMaxByAddress.clear();
  }

  addListener(name: string): void {
    this.listeners.set(name, { count: 0, rate: new SampledRate(this.options.windows) });
  }

  removeListener(name: string): void {
    this.listeners.delete(name);
  }

  isProtected(listener: string): boolean {
    return listener === this.options.interBrokerListener && this.listeners.size > 1;
  }

  /** Notes a connection that wants in. Returns for how long its listener accepts nothing, this one included. */
  arrived(listener: string, nowMs: number): number {
    const own = this.listeners.get(listener);
    let throttleMs = 0;
    if (!this.isProtected(listener)) {
      this.rate.record(1, nowMs);
      throttleMs = this.rate.throttleMs(this.limits.creationRateMax, nowMs);
    }
    if (own !== undefined) {
      own.rate.record(1, nowMs);
      throttleMs = Math.max(throttleMs, own.rate.throttleMs(this.limitsOf(listener).creationRateMax, nowMs));
    }
    return this.bounded(throttleMs);
  }

  hasRoom(listener: string): boolean {
    const count = this.listeners.get(listener)?.count ?? 0;
    if (count >= this.limitsOf(listener).connectionsMax) return false;
    return this.isProtected(listener) || this.total < this.limits.connectionsMax;
  }

  /** Decides about a connection for which there is room, and counts it if it is admitted: then `released` follows. */
  admit(listener: string, address: string, nowMs: number): Admission {
    const closeAfterMs = this.throttleAddress(address, nowMs);
    if (closeAfterMs > 0) {
      this.takeBack(listener, nowMs);
      return { kind: 'throttled', closeAfterMs };
    }
    const { connectionsByIp, connectionsPerIpMax } = this.limits;
    const countMax = connectionsByIp.get(address) ?? connectionsPerIpMax;
    const count = this.countByAddress.get(address) ?? 0;
    if (count >= countMax) return { kind: 'tooMany', countMax };
    this.countByAddress.set(address, count + 1);
    this.total += 1;
    const own = this.listeners.get(listener);
    if (own !== undefined) own.count += 1;
    return { kind: 'admitted' };
  }

  released(listener: string, address: string): void {
    const left = (this.countByAddress.get(address) ?? 1) - 1;
    if (left === 0) this.countByAddress.delete(address);
    else this.countByAddress.set(address, left);
    this.total -= 1;
    const own = this.listeners.get(listener);
    if (own !== undefined && own.count > 0) own.count -= 1;
  }

  /** There are more than the broker may have: some that are not protected have to go. */
  get isOverfull(): boolean {
    return this.total > this.limits.connectionsMax;
  }

  private limitsOf(listener: string): ListenerLimits {
    return this.limits.ofListeners.get(listener) ?? this.limits;
  }

  private throttleAddress(address: string, nowMs: number): number {
    const rateMax = this.rateMaxByAddress.get(address) ?? this.addressRateMax;
    if (rateMax === Infinity) return 0;
    const rate = this.rateByAddress.use(address, nowMs);
    rate.record(1, nowMs);
    const throttleMs = rate.throttleMs(rateMax, nowMs);
    if (throttleMs > 0) rate.record(-1, nowMs);
    return this.bounded(throttleMs);
  }

  /** What does not come in has not come. */
  private takeBack(listener: string, nowMs: number): void {
    if (!this.isProtected(listener)) this.rate.record(-1, nowMs);
    this.listeners.get(listener)?.rate.record(-1, nowMs);
  }

  private bounded(throttleMs: number): number {
    return Math.min(throttleMs, this.options.windows.sizeMs);
  }
}
