/**
 * Cores and shells with one promise broken each, and the invariant that shows it: the simulation is worth something only if it
 * finds these. The breaks are subclasses and wrappers; the production code has no switch for them. Promises about accepted epochs
 * are broken without harm in all but one world of many thousands: `test/coordinator/zab/promises.test.ts` scripts those.
 */
import type { DiskWork, ProposedBatch, Ready } from '../../../coordinator/zab/peer-types.ts';
import type { MessageOf, PeerMessage } from '../../../coordinator/zab/messages.ts';
import type { Avoided } from '../../../coordinator/zab/election.ts';
import { Election } from '../../../coordinator/zab/election.ts';
import { Leader } from '../../../coordinator/zab/leader.ts';
import { Learner } from '../../../coordinator/zab/learner.ts';
import { Peer } from '../../../coordinator/zab/peer.ts';
import type { Vote } from '../../../coordinator/zab/vote.ts';
import type { InvariantName } from './invariants.ts';
import type { Disk } from './disk.ts';
import type { WorldOptions } from './world.ts';

export interface BrokenCore {
  what: string;
  /** Any of these may be the first to show it. */
  breaks: readonly InvariantName[];
  options: Partial<WorldOptions>;
}

/** A peer whose parts are of other classes. */
function peerWith(parts: {
  Election?: typeof Election;
  Leader?: typeof Leader;
  Learner?: typeof Learner;
}): WorldOptions['makePeer'] {
  const ElectionClass = parts.Election ?? Election;
  const LeaderClass = parts.Leader ?? Leader;
  const LearnerClass = parts.Learner ?? Learner;
  class OtherPeer extends Peer {
    protected override makeElection(avoid: Avoided | null, nowMs: number): Election {
      return new ElectionClass(this.state, avoid, nowMs);
    }
    protected override makeLeader(reason: string, nowMs: number): Leader {
      return new LeaderClass(this.state, reason, nowMs);
    }
    protected override makeLearner(leader: number, attempt: number, reason: string, nowMs: number): Learner {
      return new LearnerClass(this.state, leader, attempt, reason, nowMs);
    }
  }
  return (options, start, nowMs) => new OtherPeer(options, start, nowMs);
}

/** A peer whose outputs are changed before the shell sees them. */
function peerThatSays(change: (ready: Ready) => Ready): WorldOptions['makePeer'] {
  class OtherPeer extends Peer {
    override ready(): Ready | null {
      const ready = super.ready();
      return ready === null ? null : change(ready);
    }
  }
  return (options, start, nowMs) => new OtherPeer(options, start, nowMs);
}

/** A peer that hears something else than was said. */
function peerThatHears(change: (message: PeerMessage) => PeerMessage | null): WorldOptions['makePeer'] {
  class OtherPeer extends Peer {
    override step(from: number, message: PeerMessage, nowMs: number): void {
      const heard = change(message);
      if (heard !== null) super.step(from, heard, nowMs);
    }
  }
  return (options, start, nowMs) => new OtherPeer(options, start, nowMs);
}

/** Work for the disk that is changed on its way there. What is left out is reported all the same. */
function diskThat(change: (work: DiskWork, disk: Disk) => DiskWork): WorldOptions['makeDisk'] {
  return (disk) => ({ begin: (work) => disk.begin(work.map((one) => change(one, disk))) });
}

/** What is reported as done and is not: an epoch record that repeats what is there. */
function nothing(work: DiskWork, { platter: { acceptedEpoch, currentEpoch } }: Disk): DiskWork {
  return { seq: work.seq, kind: 'epochs', acceptedEpoch, currentEpoch };
}

class MinorityLeader extends Leader {
  protected override commitAgreed(): void {
    if (!this.isEstablished) return;
    // Its own disk is enough.
    const zxid = this.durableOf(this.state.id);
    if (zxid <= this.state.history.committedZxid) return;
    this.state.history.commit(zxid);
    this.state.deliverCommitted();
    for (const learner of this.learners.values()) {
      learner.feed();
      learner.tellCommitted();
    }
  }
}

class ImpatientLeader extends Leader {
  protected override establish(): void {
    // As soon as one learner has the history, or none.
    if (this.phase !== 'SYNCHRONIZATION') return;
    this.state.history.commit(this.state.history.lastZxid);
    this.state.deliverCommitted();
    this.enter('BROADCAST', 'impatience');
    for (const learner of this.learners.values()) if (learner.stage === 'EPOCH_ACKED') learner.begin();
  }
}

class TrustingLeader extends Leader {
  /** Counts whoever has come, and whatever they have promised. */
  protected override isTrusted(): boolean {
    return true;
  }
}

class UncheckedLeader extends Leader {
  /** Follows the vote, whoever is ahead. */
  protected override isBehind(): boolean {
    return false;
  }
}

class VotesById extends Election {
  protected override isBetter(a: Vote, b: Vote): boolean {
    return a.leader > b.leader;
  }
}

class EpochBlindElection extends Election {
  protected override isBetter(a: Vote, b: Vote): boolean {
    return a.zxid !== b.zxid ? a.zxid > b.zxid : a.leader > b.leader;
  }
}

class EpochBlindLeader extends Leader {
  protected override isBehind(_epoch: number, zxid: number): boolean {
    return super.isBehind(this.vote.peerEpoch, zxid);
  }
}

class EagerLearner extends Learner {
  /** Acknowledges at once. */
  protected override whenDurable(message: MessageOf<'ACKEPOCH'> | MessageOf<'ACKNEWLEADER'>): void {
    this.waiting = { seq: 0, message };
    this.persisted();
  }
}

class HoldingLeader extends Leader {
  /** Doesn't give up without a quorum: harmless, as long as it can't commit. */
  protected override checkQuorum(): void {}
}

function withoutConfig(batch: ProposedBatch): ProposedBatch {
  const { firstZxid, lastZxid, body } = batch;
  return { firstZxid, lastZxid, body };
}

export const BROKEN_CORES: readonly BrokenCore[] = [
  {
    what: 'acknowledges before the disk has it',
    breaks: ['CommittedByQuorum', 'CommittedNeverLost'],
    options: { reportsEarly: true },
  },
  {
    what: 'acknowledges epochs before the disk has them',
    breaks: ['SingleLeaderPerEpoch', 'CommittedByQuorum', 'CommittedNeverLost', 'EqualPrefixes', 'NoBrokenAssertion'],
    options: { makePeer: peerWith({ Learner: EagerLearner }) },
  },
  {
    what: 'commits without a majority',
    breaks: ['CommittedByQuorum'],
    options: { makePeer: peerWith({ Leader: MinorityLeader }) },
  },
  {
    what: 'does not persist the current epoch',
    breaks: ['CommittedNeverLost', 'EqualPrefixes', 'NoBrokenAssertion'],
    options: { mood: 'elections', makeDisk: diskThat((work) => (work.kind === 'epochs' ? { ...work, currentEpoch: 1 } : work)) },
  },
  {
    what: 'skips TRUNC on the disk',
    breaks: ['NoBrokenAssertion', 'EqualPrefixes', 'CommittedByQuorum', 'NoDirtyReads', 'ZxidsRise'],
    options: { makeDisk: diskThat((work, disk) => (work.kind === 'truncate' ? nothing(work, disk) : work)) },
  },
  {
    what: 'does not rebuild the tree after TRUNC',
    breaks: ['EqualPrefixes', 'NoBrokenAssertion', 'CommittedByQuorum', 'NoDirtyReads', 'ZxidsRise'],
    options: {
      makePeer: peerThatSays((ready) => ({
        ...ready,
        persist: ready.persist.map((work) => (work.kind === 'truncate' ? { ...work, rebuild: false } : work)),
      })),
    },
  },
  {
    what: 'leads before a quorum has acknowledged NEWLEADER',
    breaks: ['CommittedByQuorum', 'CommittedNeverLost', 'SingleLeaderPerEpoch'],
    options: { makePeer: peerWith({ Leader: ImpatientLeader }) },
  },
  {
    what: 'takes an epoch without a quorum',
    breaks: ['SingleLeaderPerEpoch', 'CommittedNeverLost', 'EqualPrefixes', 'NoBrokenAssertion'],
    options: { mood: 'elections', makePeer: peerWith({ Leader: TrustingLeader }) },
  },
  {
    what: 'orders votes, and histories, without their epochs',
    breaks: ['CommittedNeverLost', 'EqualPrefixes', 'NoBrokenAssertion'],
    options: {
      mood: 'elections',
      voters: 3,
      observers: 0,
      makePeer: peerWith({ Leader: EpochBlindLeader, Election: EpochBlindElection }),
    },
  },
  {
    what: 'lets a leader be that is behind its followers',
    breaks: ['CommittedNeverLost', 'EqualPrefixes', 'NoBrokenAssertion'],
    options: { makePeer: peerWith({ Leader: UncheckedLeader, Election: VotesById }) },
  },
  {
    what: 'commits what it was told of before it came',
    breaks: ['EqualPrefixes', 'ZxidsRise', 'ClientFifo'],
    options: {
      makePeer: peerThatSays((ready) => {
        const committed = ready.events.filter(({ kind }) => kind === 'committed');
        if (committed.length < 2) return ready;
        const others = ready.events.filter(({ kind }) => kind !== 'committed');
        return { ...ready, events: [...committed.reverse(), ...others] };
      }),
    },
  },
  {
    what: 'loses a COMMIT now and then, and the batch with it',
    breaks: ['EqualPrefixes', 'ClientFifo', 'Progress'],
    options: {
      makePeer: peerThatSays((ready) => ({
        ...ready,
        events: ready.events.filter((event) => event.kind !== 'committed' || event.batch.lastZxid % 50 !== 0),
      })),
    },
  },
  {
    what: 'lets a member with an emptied disk vote like any other',
    breaks: ['CommittedNeverLost', 'SingleLeaderPerEpoch', 'EqualPrefixes', 'NoBrokenAssertion'],
    options: {
      mood: 'emptied',
      makePeer: peerThatHears((message) =>
        message.type === 'NOTIFICATION' || message.type === 'FOLLOWERINFO' ? { ...message, fresh: false } : message,
      ),
    },
  },
  {
    what: 'decides a reconfig with the old quorum only',
    breaks: ['CommittedByQuorum', 'CommittedNeverLost', 'NoBrokenAssertion'],
    options: {
      mood: 'reconfig',
      makePeer: (options, start, nowMs) => {
        class OneQuorum extends Peer {
          override propose(batch: ProposedBatch, at: number): void {
            super.propose(withoutConfig(batch), at);
          }
        }
        return new OneQuorum(options, start, nowMs);
      },
    },
  },
  {
    what: 'takes UPTODATE for the commit of all it has',
    breaks: ['NoDirtyReads', 'CommittedByQuorum'],
    options: {
      makePeer: peerThatHears((message) => (message.type === 'UPTODATE' ? { ...message, zxid: Number.MAX_SAFE_INTEGER } : message)),
    },
  },
];

/** Breaks that must do no harm: other promises hold what this one gave up. */
export const HARMLESS_BREAKS: readonly BrokenCore[] = [
  { what: 'keeps leading without a quorum', breaks: [], options: { makePeer: peerWith({ Leader: HoldingLeader }) } },
];
