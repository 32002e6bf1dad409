/**
 * What goes into a `Peer` and what comes out of it: the contract between the pure core and the shell that owns disk, links and
 * clock. `peer.ts` tells how the shell drives it.
 */
import type { TxnBatch } from '../store/txn-log.ts';
import type { EnsembleConfig, PeerMessage, PeerState } from './messages.ts';

/** A member's `myid`. */
export type ServerId = number;

export interface PeerOptions {
  serverId: ServerId;
  tickTimeMs: number;
  /** Ticks within which a new leader has to be established, and a learner may be silent while it synchronizes. */
  initLimitTicks: number;
  /** Ticks within which a synchronized learner, or its leader, must be heard. */
  syncLimitTicks: number;
  /** What this member is while no config names it (`peerType`). One that a config names is what the config says. */
  peerType: 'participant' | 'observer';
  /** Committed batches kept in memory for learners that return (`commitLogCount`), and their bytes. */
  commitLogCount: number;
  commitLogBytesMax: number;
  /** Other than the defaults of `feeder.ts`. */
  windows?: FeedWindows;
}

/** How much is on the way to one learner at most. */
export interface FeedWindows {
  /** Bytes of batches sent and not acknowledged. */
  batchBytes: number;
  /** Bytes of one read from the disk, and so of a snapshot's chunk. */
  readBytes: number;
  /** Bytes of a snapshot sent and not acknowledged. */
  snapshotBytes: number;
}

/** What the disk held when the process started. Epochs are 0 and zxids are 0 where there was nothing. */
export interface PeerStart {
  acceptedEpoch: number;
  currentEpoch: number;
  /** The end of the recovered history: the last txn of the log, or the snapshot's zxid if that is later. The tree is there. */
  lastZxid: number;
  /** How far back a TRUNC can be done: the zxid of the oldest snapshot that the log continues, 0 if the log is whole. */
  truncateFloorZxid: number;
  /** The config in force, and the one last proposed if that is newer and its outcome not known (`DiskWork` `config`). */
  config: EnsembleConfig;
  pendingConfig: EnsembleConfig | null;
}

/** A batch of transactions on its way; `config` when it is a reconfig txn, which then is alone in its batch. */
export interface ProposedBatch extends TxnBatch {
  config?: EnsembleConfig;
}

/**
 * Work for the disk. It has to be done in the order of `seq`, one after the other or as if; `persisted(seq)` says that it and
 * everything before it survives whatever happens next. Nothing in `Ready.send` speaks of work that wasn't reported.
 */
export type DiskWork = { seq: number } & (
  | { kind: 'append'; batch: ProposedBatch }
  /** Both together, atomically. */
  | { kind: 'epochs'; acceptedEpoch: number; currentEpoch: number }
  /** The config in force and the one last proposed, if any. For `PeerStart`. */
  | { kind: 'config'; config: EnsembleConfig; pendingConfig: EnsembleConfig | null }
  /**
   * Forget every batch after `zxid`, which is the end of one, and any snapshot taken later than `zxid`. With `rebuild` the tree has
   * gone further (it was recovered with txns that nobody committed): rebuild it from snapshot and log, up to `zxid`. No
   * `committed` event comes before this is reported. Report when both log and tree are there.
   */
  | { kind: 'truncate'; zxid: number; rebuild: boolean }
  /** A snapshot comes: open a file beside the others. An unfinished one of before is forgotten. */
  | { kind: 'snapshotBegin'; zxid: number }
  /** The next bytes of its file. */
  | { kind: 'snapshotChunk'; bytes: Uint8Array }
  /**
   * The file is whole: it takes the place of this member's whole history. After a crash either the old history is there, all of
   * it, or the snapshot and no batch: write the file and sync it, note durably that it is to be installed, rename it, drop
   * the log and the note together; whoever finds the note at start and the file in place finishes that. Then the tree
   * is the snapshot's. No `committed` event comes before this is reported.
   */
  | { kind: 'snapshotEnd'; zxid: number }
  /** The leader was lost while a snapshot came: forget its file. */
  | { kind: 'snapshotAbort' }
);

/** History for a learner that the core's memory doesn't hold. Answered once, with `historyRead` or `snapshotRead`. */
export type HistoryRead =
  /**
   * Read batches after `afterZxid`, oldest first, about `bytesMax` of them and at least one if there is one. Answer
   * `historyRead(readId, {fromZxid, batches})`: `fromZxid` is the end of the last batch at or before `afterZxid` (the zxid of
   * a snapshot that the log continues counts; 0 if the log is whole), and `batches` follow it without a gap. Answer null if the
   * log does not reach back so far; and for the `first` read also if sending a snapshot is the cheaper way.
   */
  | { kind: 'batches'; readId: number; to: ServerId; first: boolean; afterZxid: number; bytesMax: number }
  /**
   * Read a snapshot's file from `position`. At position 0 choose the snapshot: the newest of a zxid that is at least `atLeastZxid`,
   * or take one of the tree as it is; the log has to continue it. Reads see what was appended before them. Keep it, and the log
   * after it, until `snapshotDone`.
   * Answer `snapshotRead(readId, {zxid, bytes, last})`, or null if there is none to be had: the learner is refused.
   */
  | { kind: 'snapshot'; readId: number; to: ServerId; position: number; atLeastZxid: number; bytesMax: number }
  /** `to` has the snapshot and the log after it, or is gone: close what was kept for it. No answer. */
  | { kind: 'snapshotDone'; to: ServerId };

export type Role =
  | { state: 'LOOKING'; phase: 'ELECTION' }
  | { state: 'FOLLOWING' | 'OBSERVING'; phase: LearningPhase; leader: ServerId; epoch: number }
  | { state: 'LEADING'; phase: LearningPhase; leader: ServerId; epoch: number };
export type LearningPhase = 'DISCOVERY' | 'SYNCHRONIZATION' | 'BROADCAST';

/** What happened, in this order. Serve clients exactly while the last role's phase is BROADCAST. */
export type PeerEvent =
  /** Told once for each change of state or phase, with the reason for the log. */
  | { kind: 'role'; role: Role; reason: string }
  /**
   * `batch` is committed: apply it. Each batch once, in order, without a gap from `PeerStart.lastZxid` or from what the last
   * truncate or installed snapshot left. A leader's own batches come back so too.
   */
  | { kind: 'committed'; batch: ProposedBatch }
  /** The shell's message from the leader, or from a learner that is synchronized. */
  | { kind: 'app'; from: ServerId; payload: unknown }
  /** A new config is in force: keep links to its members. This member may not be among them any more. */
  | { kind: 'config'; config: EnsembleConfig }
  /** Leader: a learner is synchronized and may be sent to, or is gone. */
  | { kind: 'learner'; id: ServerId; synced: boolean; observer: boolean; reason: string }
  /** Something an operator should read: configs that differ, a learner refused. */
  | { kind: 'notice'; text: string };

export interface Envelope {
  to: ServerId;
  message: PeerMessage;
}

/** What is to be done after an input, all of it, in the order of these fields. */
export interface Ready {
  /** For the disk: begin it before sending, so that disk and network work at the same time. */
  persist: DiskWork[];
  /** May leave at once, in this order for each receiver: what had to be durable before it, is. */
  send: Envelope[];
  reads: HistoryRead[];
  /** Links that are of no use any more (a silent member): end them, `linkDown` follows; the shell dials again. */
  disconnect: ServerId[];
  events: PeerEvent[];
}

export type LearnerMode = 'discovery' | 'memory' | 'disk' | 'snapshot';

/** For `mntr`, `srvr` and AdminServer. */
export interface PeerStatus {
  state: PeerState;
  phase: Role['phase'];
  leader: ServerId | null;
  epoch: number;
  acceptedEpoch: number;
  currentEpoch: number;
  electionEpoch: number;
  lastZxid: number;
  committedZxid: number;
  config: EnsembleConfig;
  pendingConfig: EnsembleConfig | null;
  /** Of a leader; empty otherwise. */
  learners: { id: ServerId; observer: boolean; synced: boolean; mode: LearnerMode; ackedZxid: number; sentZxid: number }[];
}
