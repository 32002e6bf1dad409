/**
 * Faults put into the real code, one at a time, for the simulation to find: each is a rule of replication left out. One that
 * is never found would mean that nothing here tests its rule.
 */
import { FollowerReplica } from '../../../broker/replication/follower-replica.ts';
import { PartitionFollower } from '../../../broker/replication/partition-follower.ts';
import { PartitionLeader } from '../../../broker/replication/partition-leader.ts';
import { electionPolicy, SimBroker } from './broker.ts';
import type { DiskLog } from './disk-log.ts';

/** Puts the fault in; the returned function takes it out again. */
export type Mutant = () => () => void;

type Method = (...args: never[]) => unknown;

function replace(prototype: object, name: string, make: (original: Method) => Method): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...descriptor, value: make(descriptor.value as Method) });
  return () => void Object.defineProperty(prototype, name, descriptor);
}

function replaceGetter(prototype: object, name: string, get: () => unknown): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...descriptor, get });
  return () => void Object.defineProperty(prototype, name, descriptor);
}

export const mutants: Readonly<Record<string, Mutant>> = {
  'a follower that diverged does not cut its log': () =>
    replace(
      PartitionFollower.prototype,
      'judge',
      (original) =>
        function (this: PartitionFollower, answer: { divergingEpoch: object }, log: never) {
          const agreed = { ...answer, divergingEpoch: { epoch: -1, endOffset: -1 } };
          return original.call(this, agreed as never, log);
        },
    ),
  'a follower cuts its log to its high watermark (before KIP-101)': () =>
    replace(
      FollowerReplica.prototype,
      'begin',
      () =>
        async function (this: { log: DiskLog; core: PartitionFollower }) {
          await this.log.settled();
          await this.log.truncateTo(this.core.highWatermark);
        },
    ),
  'a follower promises what is not in its file': () => {
    const undo = [
      replace(
        FollowerReplica.prototype,
        'appendWhole',
        (original) =>
          function (this: FollowerReplica, ...args: never[]) {
            void original.apply(this, args);
            return { ok: true };
          },
      ),
      replace(
        FollowerReplica.prototype,
        'position',
        (original) =>
          function (this: { log: DiskLog }) {
            return { ...(original.call(this) as object), fetchOffset: this.log.nextOffset };
          },
      ),
    ];
    return () => undo.forEach((each) => each());
  },
  'a leader counts only itself': () =>
    replace(
      PartitionLeader.prototype,
      'advanceHighWatermark',
      () =>
        function (this: { endOffset: number; watermark: number }) {
          const moves = this.endOffset > this.watermark;
          this.watermark = this.endOffset;
          return moves;
        },
    ),
  'a leader leaves out the replica that is being added (KIP-497)': () =>
    replace(
      PartitionLeader.prototype,
      'advanceHighWatermark',
      (original) =>
        function (this: { pendingChange: object | null; isCaughtUp: Method }, nowMs: never) {
          const { pendingChange } = this;
          this.pendingChange = null;
          this.isCaughtUp = () => false;
          try {
            return original.call(this, nowMs);
          } finally {
            this.pendingChange = pendingChange;
            delete (this as Partial<typeof this>).isCaughtUp;
          }
        },
    ),
  'a shrinking ISR counts before the controller has written it': () =>
    replace(
      PartitionLeader.prototype,
      'proposeShrink',
      (original) =>
        function (this: { committedIsr: readonly number[] }, nowMs: never) {
          const proposal = original.call(this, nowMs) as { isr: readonly number[] } | null;
          if (proposal !== null) this.committedIsr = proposal.isr;
          return proposal;
        },
    ),
  'a follower joins the ISR wherever it is': () =>
    replace(
      PartitionLeader.prototype,
      'proposeExpansion',
      () =>
        function (this: { pendingChange: unknown; committedIsr: readonly number[]; proposal: Method }, brokerId: number) {
          if (this.pendingChange !== null || this.committedIsr.includes(brokerId)) return null;
          this.pendingChange = { kind: 'expand', brokerId };
          return this.proposal(...([[...this.committedIsr, brokerId]] as never[]));
        },
    ),
  'a replica outside of the ISR may lead': () => {
    const { allowUnclean } = electionPolicy;
    electionPolicy.allowUnclean = () => true;
    return () => void (electionPolicy.allowUnclean = allowUnclean);
  },
  'a broker out of touch goes on leading': () => replaceGetter(SimBroker.prototype, 'isFenced', () => false),
};
