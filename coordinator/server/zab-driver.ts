/**
 * Drives the Zab core: hands it what arrives (messages, time, the disk's reports) and does what it says, in the order that makes it safe:
 * the disk is set to work, then messages leave (each speaks only of what is durable), then history is read, then the rest hears what
 * happened.
 */
import { assert } from '../../shared/base/assert.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { PeerLinks } from '../net/peer-links.ts';
import type { TxnBatch } from '../store/txn-log.ts';
import type { PeerMessage } from '../zab/messages.ts';
import type { Peer } from '../zab/peer.ts';
import type { PeerEvent, ProposedBatch, ServerId } from '../zab/peer-types.ts';
import type { DiskQueue } from './disk-queue.ts';
import type { HistoryReader } from './history-reader.ts';

export interface ZabDriverOptions {
  peer: Peer;
  links: PeerLinks;
  disk: DiskQueue;
  history: HistoryReader;
  clock: Clock;
  event(event: PeerEvent): void;
}

/** Rounds of `ready` that one input may cause: a bound on what would be an endless conversation with oneself. */
const ROUNDS_MAX = 10_000;

export class ZabDriver {
  private readonly options: ZabDriverOptions;
  private draining = false;
  private timer: NodeJS.Timeout | null = null;
  private timerDueMs = Number.POSITIVE_INFINITY;
  private appScheduled = false;
  private stopped = false;

  constructor(options: ZabDriverOptions) {
    this.options = options;
  }

  /** Begins with what the core has to say after its construction. */
  start(): void {
    this.drain();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  messages(from: ServerId, messages: readonly PeerMessage[]): void {
    const { peer } = this.options;
    const nowMs = this.options.clock.monotonicMs();
    for (const message of messages) peer.step(from, message, nowMs);
    this.drain();
  }

  linkUp(id: ServerId): void {
    this.options.peer.linkUp(id, this.options.clock.monotonicMs());
    this.drain();
  }

  linkDown(id: ServerId): void {
    this.options.peer.linkDown(id, this.options.clock.monotonicMs());
    this.drain();
  }

  propose(batch: ProposedBatch): void {
    this.options.peer.propose(batch, this.options.clock.monotonicMs());
    this.drain();
  }

  persisted(seq: number): void {
    this.options.peer.persisted(seq, this.options.clock.monotonicMs());
    this.drain();
  }

  historyRead(readId: number, answer: { fromZxid: number; batches: TxnBatch[] } | null): void {
    if (this.stopped) return;
    this.options.peer.historyRead(readId, answer, this.options.clock.monotonicMs());
    this.drain();
  }

  snapshotRead(readId: number, answer: { zxid: number; bytes: Uint8Array; last: boolean } | null): void {
    if (this.stopped) return;
    this.options.peer.snapshotRead(readId, answer, this.options.clock.monotonicMs());
    this.drain();
  }

  resign(reason: string): void {
    this.options.peer.resign(reason, this.options.clock.monotonicMs());
    this.drain();
  }

  /**
   * Sends the shell's own message; false if there is nobody to have it. Those of one turn leave together, and with them what the core
   * says in that turn: a learner that is told a write's place needs the write as well, and each frame wakes it.
   */
  sendApp(to: ServerId, payload: unknown): boolean {
    const sent = this.options.peer.sendApp(to, payload);
    if (sent && !this.draining && !this.appScheduled) {
      this.appScheduled = true;
      setImmediate(() => {
        this.appScheduled = false;
        this.drain();
      });
    }
    return sent;
  }

  private drain(): void {
    // An event's handler may give input: the round under way takes it up.
    if (this.draining || this.stopped) return;
    const { peer, links, disk, history, event } = this.options;
    this.draining = true;
    try {
      for (let rounds = 0, ready = peer.ready(); ready !== null; rounds++, ready = peer.ready()) {
        assert(rounds < ROUNDS_MAX, 'the core comes to rest');
        disk.begin(ready.persist);
        for (const { to, message } of ready.send) links.send(to, message);
        history.begin(ready.reads);
        for (const id of ready.disconnect) links.end(id, 'it was silent for too long');
        for (const happened of ready.events) event(happened);
      }
    } finally {
      this.draining = false;
    }
    links.flush();
    this.schedule();
  }

  private schedule(): void {
    if (this.stopped) return;
    const dueMs = this.options.peer.wakeAtMs();
    if (this.timer !== null && this.timerDueMs <= dueMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerDueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(
      () => {
        // A process that was held up finds its timer and messages at once: the messages first, they prove who lives.
        setImmediate(() => this.wake());
      },
      Math.max(1, Math.ceil(dueMs - this.options.clock.monotonicMs())),
    );
  }

  private wake(): void {
    if (this.stopped) return;
    this.timer = null;
    this.timerDueMs = Number.POSITIVE_INFINITY;
    this.options.peer.tick(this.options.clock.monotonicMs());
    this.drain();
  }
}
