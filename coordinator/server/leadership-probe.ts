/**
 * Asks a quorum whether this member still leads: whoever answers had not promised another leader its vote by then, so no other leader has
 * committed anything. One question is on its way at a time; who asks meanwhile shares the next one.
 */
import type { ServerId } from '../zab/peer-types.ts';

export interface LeadershipProbeOptions {
  /** Are those that `has` says yes to a quorum of the ensemble? This member is one of them. */
  isQuorum(has: (id: ServerId) => boolean): boolean;
  /** Asks all synchronized learners. */
  ask(round: number): void;
}

export class LeadershipProbe {
  private readonly options: LeadershipProbeOptions;
  private round = 0;
  /** Called when this round has its answers; null while none is on its way. */
  private current: (() => void)[] | null = null;
  private next: (() => void)[] = [];
  private readonly answered = new Set<ServerId>();

  constructor(options: LeadershipProbeOptions) {
    this.options = options;
  }

  /** Calls `then` once a quorum has confirmed, after now, that this member leads; never if it doesn't. */
  confirm(then: () => void): void {
    this.next.push(then);
    if (this.current === null) this.begin();
  }

  private begin(): void {
    this.current = this.next;
    this.next = [];
    this.round++;
    this.answered.clear();
    this.options.ask(this.round);
    this.check();
  }

  /** The round that a learner has to be asked for which was not there when it began; null if none is on its way. */
  get openRound(): number | null {
    return this.current === null ? null : this.round;
  }

  answer(from: ServerId, round: number): void {
    if (this.current === null || round !== this.round) return;
    this.answered.add(from);
    this.check();
  }

  private check(): void {
    if (this.current === null || !this.options.isQuorum((id) => this.answered.has(id))) return;
    const confirmed = this.current;
    this.current = null;
    for (const then of confirmed) then();
    if (this.next.length > 0) this.begin();
  }
}
