/** How long a member looked for a leader, was of no use to clients, and what it took part in: counted under the original's names. */
import type { Role } from '../zab/peer-types.ts';
import type { Metrics } from './metrics.ts';

export class RoleMetrics {
  private readonly metrics: Metrics;
  private role: Role | null = null;
  /** Since when it looks for a leader, and since when it serves nobody; null when it doesn't. Monotonic ms. */
  private lookingSinceMs: number | null = null;
  private unavailableSinceMs: number | null = null;

  constructor(metrics: Metrics) {
    this.metrics = metrics;
  }

  becomes(role: Role, nowMs: number): void {
    const { counters, summaries } = this.metrics;
    this.role = role;
    if (role.state === 'LOOKING') {
      counters.looking_count.add();
      this.lookingSinceMs ??= nowMs;
    } else if (this.lookingSinceMs !== null) {
      summaries.election_time.add(nowMs - this.lookingSinceMs);
      this.lookingSinceMs = null;
    }
    if (role.phase !== 'BROADCAST') {
      this.unavailableSinceMs ??= nowMs;
    } else if (this.unavailableSinceMs !== null) {
      const ms = nowMs - this.unavailableSinceMs;
      summaries.unavailable_time.add(ms);
      if (role.state === 'LEADING') summaries.leader_unavailable_time.add(ms);
      this.unavailableSinceMs = null;
    }
  }

  /** So many transactions were committed. */
  committed(count: number): void {
    const { counters } = this.metrics;
    counters.commit_count.add(count);
    if (this.role?.state === 'LEADING') {
      counters.proposal_count.add(count);
    } else {
      counters.learner_proposal_received_count.add(count);
      counters.learner_commit_received_count.add(count);
    }
  }
}
