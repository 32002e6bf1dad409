/** What `srvr`, `stat` and `mntr` count. */
export class ServerStats {
  packetsReceived = 0;
  packetsSent = 0;
  latencyMinMs = 0;
  latencyMaxMs = 0;
  authFailedCount = 0;
  connectionRejectedCount = 0;
  readonly startMs: number;
  private latencySumMs = 0;
  private latencyCount = 0;

  constructor(nowMs: number) {
    this.startMs = nowMs;
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

  /** With up to four decimals, at least one: `14.3333`, `0.0`. */
  get latencyAvg(): string {
    const average = this.latencyCount === 0 ? 0 : this.latencySumMs / this.latencyCount;
    const text = String(Math.round(average * 10000) / 10000);
    return text.includes('.') ? text : `${text}.0`;
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.latencyMinMs = 0;
    this.latencyMaxMs = 0;
    this.latencySumMs = 0;
    this.latencyCount = 0;
  }
}
