/**
 * Decides who may open a session when many come at once (`BlueThrottle`). Sessions take tokens from a bucket that fills with time; who
 * finds too few is refused. Besides, while the bucket stays empty more and more are refused by chance (the BLUE algorithm), so that
 * those who come back at once don't keep everybody out.
 */

export type ConnectKind = 'global' | 'local' | 'renew';

export interface ConnectionThrottleOptions {
  /** Size of the bucket. */
  tokensMax: number;
  fillTimeMs: number;
  fillCount: number;
  /** -1: nobody is refused by chance. */
  freezeTimeMs: number;
  dropIncrease: number;
  dropDecrease: number;
  decreaseRatio: number;
  /** Tokens that each kind takes; null: one. */
  weights: Readonly<Record<ConnectKind, number>> | null;
  /** In [0, 1). */
  random(): number;
}

export class ConnectionThrottle {
  private readonly options: ConnectionThrottleOptions;
  private readonly tokensMax: number;
  private readonly fillCount: number;
  private readonly weights: Readonly<Record<ConnectKind, number>>;
  private tokens: number;
  private filledMs: number;
  private frozenMs: number;
  private drop = 0;

  constructor(options: ConnectionThrottleOptions, nowMs: number) {
    this.options = options;
    const given = options.weights ?? { global: 1, local: 1, renew: 1 };
    // Nobody takes less than a local session, the cheapest.
    this.weights = { global: Math.max(given.global, given.local), local: given.local, renew: Math.max(given.renew, given.local) };
    // What is configured is meant for global sessions.
    this.tokensMax = options.tokensMax * (options.weights === null ? 1 : this.weights.global);
    this.fillCount = options.fillCount * (options.weights === null ? 1 : this.weights.global);
    this.tokens = this.tokensMax;
    this.filledMs = nowMs;
    this.frozenMs = nowMs;
  }

  /** Tokens that are missing. */
  get deficit(): number {
    return this.tokensMax - this.tokens;
  }

  /** The chance to be refused whatever there is, in [0, 1]. */
  get dropChance(): number {
    return this.drop;
  }

  /** May one more session of that kind be opened? Takes its tokens if so. */
  admit(kind: ConnectKind, nowMs: number): boolean {
    const { fillTimeMs, freezeTimeMs, random } = this.options;
    const passedMs = nowMs - this.filledMs;
    if (passedMs > fillTimeMs) {
      this.tokens = Math.min(this.tokens + Math.floor((passedMs * this.fillCount) / fillTimeMs), this.tokensMax);
      this.filledMs = nowMs;
    }
    if (freezeTimeMs !== -1) {
      this.adjust(nowMs);
      if (random() < this.drop) return false;
    }
    const need = this.weights[kind];
    if (this.tokens < need) return false;
    this.tokens -= need;
    return true;
  }

  private adjust(nowMs: number): void {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.options;
    if (nowMs - this.frozenMs <= freezeTimeMs) return;
    if (this.tokens === 0) this.drop = Math.min(this.drop + dropIncrease, 1);
    else if (this.deficit <= Math.round(this.tokensMax * decreaseRatio)) this.drop = Math.max(this.drop - dropDecrease, 0);
    this.frozenMs = nowMs;
  }
}
