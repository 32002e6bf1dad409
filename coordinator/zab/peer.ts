/**
 * One member's part in Zab, without a socket, a file, a clock or chance: inputs go in, `ready()` says what they come to.
 *
 * How a shell drives it:
 *
 *     const peer = new Peer(options, start, nowMs);   // after snapshot and log were recovered, tree included
 *     for each input:                                 // several may be taken before one `ready`
 *       peer.linkUp(id) | linkDown(id) | step(id, message) | propose(batch) | persisted(seq) | historyRead(…) | tick()
 *       for (let ready; (ready = peer.ready()) !== null; ) {
 *         disk.begin(ready.persist);                  // in order; reports persisted(seq) later, in order
 *         links.send(ready.send);                     // at once: what had to be durable first, was reported
 *         history.begin(ready.reads);                 // answers with historyRead / snapshotRead
 *         links.end(ready.disconnect);
 *         for (const event of ready.events) …         // role, committed, app, config, learner, notice: in order
 *       }
 *     a timer for `wakeAtMs()`, set anew after each input, calls tick(nowMs)
 *
 * Links. One between any two members, in order and without loss or repetition while it is up; both ends hear `linkDown` some time
 * after it broke, and nothing sent before comes after the next `linkUp`. The shell finds out who is at the other end (server
 * id, protocol) before `linkUp`; it lets one live process of an id in and no second one; and it replaces a broken link with
 * `linkDown` before `linkUp`. A learner that its leader's config doesn't name (it is to be added) may link up too.
 *
 * Leading. When the role's phase is BROADCAST, `propose` takes batches numbered from makeZxid(epoch, 1) on without a gap. They come
 * back as `committed` events. Keep `uncommittedBytes` within bounds by asking clients to wait. A role other than
 * LEADING/BROADCAST means: whatever was proposed and not committed has an unknown outcome, drop the clients' connections.
 *
 * The shell's own messages (forwarded requests, session touches, sync, revalidation) travel with `sendApp` between a leader and its
 * synchronized learners, in order with each other; one from the leader also after every commit that the leader had made before.
 *
 * A report (`persisted`, `historyRead`) of work that has meanwhile lost its use is welcome and ignored. A message that makes no sense
 * in its place is ignored too, or ends the link, never the process.
 */
import type { EnsembleConfig, PeerMessage } from './messages.ts';
import type { PeerOptions, PeerStart, PeerStatus, ProposedBatch, Ready, Role, ServerId } from './peer-types.ts';
import type { TxnBatch } from '../store/txn-log.ts';

export interface PeerInterface {
  // --- Inputs ---
  tick(nowMs: number): void;
  linkUp(id: ServerId, nowMs: number): void;
  linkDown(id: ServerId, nowMs: number): void;
  step(from: ServerId, message: PeerMessage, nowMs: number): void;
  /** Everything in `Ready.persist` up to `seq` is durable (and a truncated or installed tree is in place). */
  persisted(seq: number, nowMs: number): void;
  historyRead(readId: number, answer: { fromZxid: number; batches: TxnBatch[] } | null, nowMs: number): void;
  snapshotRead(readId: number, answer: { zxid: number; bytes: Uint8Array; last: boolean } | null, nowMs: number): void;

  // --- Commands ---
  /** Leader in BROADCAST: orders `batch` after all before. A reconfig's batch carries `config`; one at a time (`pendingConfig`). */
  propose(batch: ProposedBatch, nowMs: number): void;
  /** To the leader, or from it to a learner. False, and nothing sent, if there is no synchronized member `to` at the other end. */
  sendApp(to: ServerId, payload: unknown): boolean;
  /** Gives the role up and looks for a leader: the zxid counter is exhausted, the disk is full, an operator asked. */
  resign(reason: string, nowMs: number): void;

  // --- Outputs ---
  /** What is to be done, or null. It is handed out once. */
  ready(): Ready | null;
  /** When `tick` next has something to do. */
  wakeAtMs(): number;
  readonly role: Role;
  readonly config: EnsembleConfig;
  /** Proposed or announced, and not committed yet; null if none. */
  readonly pendingConfig: EnsembleConfig | null;
  readonly lastZxid: number;
  readonly committedZxid: number;
  /** Bytes of batches proposed and not committed. */
  readonly uncommittedBytes: number;
  status(): PeerStatus;
}

export type { PeerOptions, PeerStart };
