/** What a member of an ensemble shows to operators, as four-letter words and AdminServer read it. */
import type { Json } from './pretty-json.ts';

/** What a member of an ensemble shows besides. */
export interface EnsembleFacts {
  /** `leader`, `follower`, `observer`, `read-only`; '' while it looks for a leader. */
  readonly mode: string;
  readonly isServing: boolean;
  /** Where the epoch begins in which it serves; 0 while it doesn't. */
  readonly epochZxid: number;
  readonly isReadOnly: boolean;
  readonly localSessionCount: number;
  /** Lines of `conf` besides, before the members. */
  configuration(): [string, string | number][];
  /** What `mntr` shows besides. */
  gauges(): [string, string | number][];
  /** `Proposal sizes last/min/max`; null for those that make none. */
  readonly proposalSizes: { last: number; min: number; max: number } | null;
  /** AdminServer: leader, voting_view, zabstate, observers. */
  readonly leader: { isLeader: boolean; id: number; address: string } | null;
  votingView(): Record<string, Json>;
  zabState(): Record<string, Json>;
  observers(): Record<string, Json>[];
  /** The lines of `/zookeeper/config`. */
  membership(): string;
}
