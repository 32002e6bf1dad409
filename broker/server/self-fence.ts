/**
 * A broker with a disconnect grace undertakes not to act as a leader once it is out of touch with the coordinator for that long.
 * Whoever acts asks `isFenced` first; this one only wakes those who wait for a leader that has stopped being one, and lets it go
 * on when the session was taken up again in time.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface SelfFenceOptions {
  /** The grace that was asked for: it is looked at several times within it. 0: there is none. */
  readonly graceMs: number;
  readonly isFenced: () => boolean;
  readonly onChange: () => void;
  readonly logger: Logger;
}

const LOOKS_PER_GRACE = 6;

export class SelfFence {
  private readonly timer: NodeJS.Timeout | null;
  private wasFenced = false;

  constructor(options: SelfFenceOptions) {
    const { graceMs, isFenced, onChange, logger } = options;
    const look = (): void => {
      const fenced = isFenced();
      if (fenced === this.wasFenced) return;
      this.wasFenced = fenced;
      if (fenced) logger.warn('Out of touch with the coordinator: what this broker leads stands still until it is back');
      else logger.info('In touch with the coordinator again');
      onChange();
    };
    this.timer = graceMs > 0 ? setInterval(look, Math.max(10, Math.floor(graceMs / LOOKS_PER_GRACE))) : null;
    this.timer?.unref();
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }
}
