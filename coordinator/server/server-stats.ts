/** What `srvr`, `stat` and `mntr` count. */
import { decimal, Metrics } from './metrics.ts';

export class ServerStats {
  packetsReceived = 0;
  packetsSent = 0;
  latencyMinMs = 0;
  latencyMaxMs = 0;
  authFailedCount = 0;
  /** Bytes of responses; -1 before the first one. */
  responseSizeLast = -1;
  responseSizeMin = -1;
  responseSizeMax = -1;
  /** Bytes of what a leader has proposed; -1 before the first. */
  readonly proposalSizes = { last: -1, min: -1, max: -1 };
  /** What `stmk` set. Nothing is traced by it. */
  traceMask = 306n;
  readonly metrics = new Metrics();
  readonly startMs: number;
  private latencySumMs = 0;
  private latencyCount = 0;

  constructor(nowMs: number) {
    this.startMs = nowMs;
  }

  /** A leader has proposed a transaction of `size` bytes. */
  proposalSize(size: number): void {
    const sizes = this.proposalSizes;
    sizes.last = size;
    if (sizes.min < 0 || size < sizes.min) sizes.min = size;
    if (size > sizes.max) sizes.max = size;
  }

  latency(ms: number): void {
    // Whole ms, as the original measures them.
    const whole = Math.floor(ms);
    if (this.latencyCount === 0 || whole < this.latencyMinMs) this.latencyMinMs = whole;
    if (whole > this.latencyMaxMs) this.latencyMaxMs = whole;
    this.latencySumMs += whole;
    this.latencyCount++;
    this.packetsSent++;
  }

  /** A response of `size` bytes was made. */
  responseSize(size: number): void {
    this.metrics.counters.response_bytes.add(size);
    this.responseSizeLast = size;
    if (this.responseSizeMin < 0 || size < this.responseSizeMin) this.responseSizeMin = size;
    if (size > this.responseSizeMax) this.responseSizeMax = size;
  }

  /** With up to four decimals, at least one: `14.3333`, `0.0`. */
  get latencyAvg(): string {
    return decimal(this.latencyCount === 0 ? 0 : this.latencySumMs / this.latencyCount);
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.latencyMinMs = 0;
    this.latencyMaxMs = 0;
    this.latencySumMs = 0;
    this.latencyCount = 0;
    this.responseSizeLast = -1;
    this.responseSizeMin = -1;
    this.responseSizeMax = -1;
    Object.assign(this.proposalSizes, { last: -1, min: -1, max: -1 });
  }
}
