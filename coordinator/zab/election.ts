/**
 * Looking for a leader: the original's fast leader election. Everybody votes for itself, tells all, and takes over any better vote
 * it hears; when a quorum votes alike, that is the leader. Elections are numbered in rounds (`electionEpoch`): a vote of a later
 * round makes everything before it void, one of an earlier round is answered and not counted.
 *
 *     LOOKING  -- a quorum votes for me ---------------------> LEADING
 *     LOOKING  -- a quorum votes for another ----------------> FOLLOWING (OBSERVING, without a vote)
 *     LOOKING  -- those who have a leader say who it is, and it says so too --> FOLLOWING or OBSERVING
 *
 * The outcome need not be right to be safe, only to be live: what an elected leader may do, discovery decides. So the wait for
 * a better vote, once a quorum agrees, ends early when everyone within reach agrees.
 */
import type { MessageOf } from './messages.ts';
import type { MemberState } from './member-state.ts';
import type { ServerId } from './peer-types.ts';
import type { Vote } from './vote.ts';
import { beats, sameVote } from './vote.ts';

export type Notification = MessageOf<'NOTIFICATION'>;

/** How long a quorum that agrees waits for the vote of a member that is linked and has not spoken. */
const FINALIZE_WAIT_MS = 100;
/** Votes are sent again after this long without a decision, and after twice as long each time, up to the second number. */
const RESEND_MIN_MS = 200;
const RESEND_MAX_MS = 3200;

/** A leader that is no use for now. */
export interface Avoided {
  leader: ServerId;
  untilMs: number;
}

export interface ElectionOutcome {
  leader: ServerId;
  reason: string;
}

/** Another member's LOOKING vote in this round. */
interface Ballot {
  vote: Vote;
  fresh: boolean;
}

/** What a member that has a leader said. */
interface Testimony {
  state: 'FOLLOWING' | 'LEADING' | 'OBSERVING';
  leader: ServerId;
  electionEpoch: number;
  established: boolean;
  fresh: boolean;
}

export class Election {
  readonly kind = 'election';
  outcome: ElectionOutcome | null = null;
  private readonly state: MemberState;
  private proposal: Vote;
  /** May its leader lead? This member itself has no vote, or a vote without weight. */
  private isEligible: boolean;
  private readonly ballots = new Map<ServerId, Ballot>();
  private readonly testimonies = new Map<ServerId, Testimony>();
  /** When a quorum agreed, and not everyone within reach. */
  private finalizeAtMs = Infinity;
  private resendAtMs: number;
  private resendAfterMs = RESEND_MIN_MS;
  /** A leader that has just refused this member, or did not answer: others come first until then. */
  private avoid: Avoided | null;

  constructor(state: MemberState, avoid: Avoided | null, nowMs: number) {
    this.state = state;
    this.avoid = avoid;
    // Rounds are the voters'. A member without a vote hears them all and has none of its own.
    state.electionEpoch = state.isVoter ? state.electionEpoch + 1 : 0;
    this.proposal = state.ownVote;
    this.isEligible = state.electorate.mayLead(state.id);
    this.resendAtMs = nowMs + this.resendAfterMs;
    this.broadcast();
    this.decide(nowMs);
  }

  wakeAtMs(): number {
    return Math.min(this.finalizeAtMs, this.resendAtMs, this.avoid?.untilMs ?? Infinity);
  }

  tick(nowMs: number): void {
    if (this.avoid !== null && nowMs >= this.avoid.untilMs) this.avoid = null;
    if (nowMs >= this.resendAtMs) {
      this.resendAfterMs = Math.min(this.resendAfterMs * 2, RESEND_MAX_MS);
      this.resendAtMs = nowMs + this.resendAfterMs;
      this.broadcast();
    }
    this.decide(nowMs);
  }

  linkUp(id: ServerId, nowMs: number): void {
    this.tell(id);
    // It may be the better candidate that was out of reach.
    this.decide(nowMs);
  }

  linkDown(id: ServerId, nowMs: number): void {
    this.ballots.delete(id);
    this.testimonies.delete(id);
    if (this.proposal.leader === id) this.voteAnew();
    this.decide(nowMs);
  }

  notification(from: ServerId, message: Notification, nowMs: number): void {
    const { state } = this;
    if (message.config !== null) {
      const { version } = state.config;
      state.learnConfig(message.config);
      // Other voters than those who were counted.
      if (state.config.version !== version) this.voteAnew();
    }
    if (message.state !== 'LOOKING') {
      const { leader, electionEpoch, established, fresh } = message;
      this.ballots.delete(from);
      this.testimonies.set(from, { state: message.state, leader, electionEpoch, established, fresh });
      return this.decide(nowMs);
    }
    this.testimonies.delete(from);
    if (!state.electorate.isVoter(from) || message.electionEpoch < state.electionEpoch) {
      // Only voters answer, or two without a vote would for ever.
      if (state.isVoter) this.tell(from);
      return;
    }
    const vote: Vote = { leader: message.leader, zxid: message.zxid, peerEpoch: message.peerEpoch };
    if (message.electionEpoch > state.electionEpoch) {
      state.electionEpoch = message.electionEpoch;
      this.ballots.clear();
      this.ballots.set(from, { vote, fresh: message.fresh });
      this.propose(state.ownVote);
      this.consider(vote);
      if (state.isVoter) this.broadcast();
    } else {
      this.ballots.set(from, { vote, fresh: message.fresh });
      const isTaken = this.consider(vote);
      if (isTaken && state.isVoter) this.broadcast();
      // It may have had a leader still when we told it ours, and would wait for us to say it again.
      else if (state.isVoter && this.isBetter(this.proposal, vote)) this.tell(from);
    }
    this.decide(nowMs);
  }

  private propose(ownVote: Vote): void {
    this.proposal = ownVote;
    this.isEligible = this.state.electorate.mayLead(ownVote.leader);
  }

  /**
   * Takes a voter's `vote` over if it is better. A candidate out of reach can't be followed, so it is none. One that this member
   * doesn't know as a voter is a candidate all the same: a reconfig that it hasn't heard of may have made it one.
   */
  private consider(vote: Vote): boolean {
    const { state, proposal } = this;
    if (vote.leader !== state.id && !state.links.has(vote.leader)) return false;
    if (this.isEligible && !this.isBetter(vote, proposal)) return false;
    this.proposal = vote;
    this.isEligible = true;
    return true;
  }

  protected isBetter(a: Vote, b: Vote): boolean {
    return beats(a, b);
  }

  /** The best of what is known, when the last choice is gone. */
  private voteAnew(): void {
    const before = this.proposal;
    this.propose(this.state.ownVote);
    for (const { vote } of this.ballots.values()) this.consider(vote);
    if (this.state.isVoter && !sameVote(before, this.proposal)) this.broadcast();
  }

  private broadcast(): void {
    const { state } = this;
    this.finalizeAtMs = Infinity;
    for (const id of state.links) if (state.isVoter || state.electorate.isVoter(id)) this.tell(id);
  }

  private tell(id: ServerId): void {
    const { state, proposal } = this;
    state.send(id, {
      type: 'NOTIFICATION',
      state: 'LOOKING',
      ...proposal,
      electionEpoch: state.electionEpoch,
      fresh: state.isFresh,
      established: false,
      config: state.config.version > 0 ? state.config : null,
    });
  }

  private decide(nowMs: number): void {
    if (this.outcome !== null) return;
    if (this.joinLeader()) return;
    const { state, proposal } = this;
    const isFor = (id: ServerId): boolean => {
      if (id === state.id) return state.isVoter;
      const ballot = this.ballots.get(id);
      if (ballot !== undefined) return sameVote(ballot.vote, proposal);
      // It follows us already: perhaps it does not know that it has a vote in the ensemble that is proposed.
      return proposal.leader === state.id && this.testimonies.get(id)?.leader === state.id;
    };
    const isFresh = (id: ServerId): boolean =>
      id === state.id ? state.isFresh : (this.ballots.get(id) ?? this.testimonies.get(id)!).fresh;
    if (!this.isEligible || !state.electorate.isTrustedQuorum(isFor, isFresh)) {
      this.finalizeAtMs = Infinity;
      return;
    }
    let everyone = true;
    for (const id of state.electorate.voters) if (state.links.has(id) && !isFor(id)) everyone = false;
    if (this.finalizeAtMs === Infinity) this.finalizeAtMs = nowMs + FINALIZE_WAIT_MS;
    if (!everyone && nowMs < this.finalizeAtMs) return;
    this.outcome = { leader: proposal.leader, reason: `elected in round ${state.electionEpoch}` };
  }

  /** Is there a leader already? It has to say so itself; and it is established, or with this member it has a quorum. */
  private joinLeader(): boolean {
    const { state } = this;
    for (const [leader, word] of this.testimonies) {
      if (word.state !== 'LEADING' || word.leader !== leader) continue;
      if (this.avoid?.leader === leader) continue;
      const follows = (id: ServerId): boolean => id === state.id || this.testimonies.get(id)?.leader === leader;
      if (!word.established && !state.electorate.isQuorum(follows)) continue;
      state.electionEpoch = word.electionEpoch;
      this.outcome = { leader, reason: word.established ? 'it leads already' : 'a quorum follows it' };
      return true;
    }
    return false;
  }
}
