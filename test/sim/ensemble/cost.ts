/**
 * What an ensemble costs as it grows, in messages and simulated time: one table for `docs/scale.md`.
 *
 *     node test/sim/ensemble/cost.ts
 *
 * Links take 0.1 to 2 ms, a disk up to 1 ms for what has gathered; nothing fails but the leader, once.
 */
import { World } from './world.ts';

const WARM_UP_MS = 1000;
const WRITING_MS = 2000;
const SEEDS = 5;

interface Cost {
  messagesPerBatch: number;
  requestsPerBatch: number;
  idlePerSecond: number;
  startMs: number;
  failOverMs: number;
  failOverMessages: number;
}

class MeasuredWorld extends World {
  private advance(untilMs: number): void {
    while (this.schedule.step(untilMs));
  }

  private get leader(): number | null {
    for (const { id, isServing, peer } of this.members.values()) if (isServing && peer.role.state === 'LEADING') return id;
    return null;
  }

  /** Advances until somebody leads; how long it took. */
  private untilLed(): number {
    const fromMs = this.schedule.nowMs;
    while (this.leader === null) this.advance(this.schedule.nowMs + 1);
    return this.schedule.nowMs - fromMs;
  }

  measure(): Cost {
    for (const id of this.ids) this.start(id);
    const startMs = this.untilLed();
    this.advance(WARM_UP_MS);
    const { network, all } = this;
    const before = { messages: network.messageCount, batches: all.committed.length, acks: all.ackCount };
    this.advance(WARM_UP_MS + WRITING_MS);
    const batches = all.committed.length - before.batches;
    const messages = network.messageCount - before.messages;
    const requests = all.ackCount - before.acks;
    this.clients.stop();
    this.advance(this.schedule.nowMs + 1000);
    const idleFrom = network.messageCount;
    this.advance(this.schedule.nowMs + 2000);
    const idlePerSecond = (network.messageCount - idleFrom) / 2;
    this.kill(this.leader!);
    const killedFrom = network.messageCount;
    const failOverMs = this.untilLed();
    return {
      messagesPerBatch: (messages - idlePerSecond * (WRITING_MS / 1000)) / batches,
      requestsPerBatch: requests / batches,
      idlePerSecond,
      startMs,
      failOverMs,
      failOverMessages: network.messageCount - killedFrom,
    };
  }
}

const rows: Record<string, unknown>[] = [];
for (const [voters, observers] of [[3, 0], [5, 0], [7, 0], [13, 0], [25, 0], [3, 10], [7, 6], [7, 18]] as const) {
  const costs: Cost[] = [];
  const startedMs = performance.now();
  for (let seed = 1; seed <= SEEDS; seed++) {
    costs.push(new MeasuredWorld({ seed, voters, observers, faults: false, quiet: true, mood: 'mixed' }).measure());
  }
  const median = (of: (cost: Cost) => number): number => costs.map(of).sort((a, b) => a - b)[SEEDS >> 1]!;
  rows.push({
    members: voters + observers,
    voters,
    observers,
    'messages/batch': median((cost) => cost.messagesPerBatch).toFixed(1),
    'writes/batch': median((cost) => cost.requestsPerBatch).toFixed(1),
    'idle messages/s': median((cost) => cost.idlePerSecond).toFixed(0),
    'start ms': median((cost) => cost.startMs).toFixed(0),
    'fail-over ms': median((cost) => cost.failOverMs).toFixed(0),
    'fail-over messages': median((cost) => cost.failOverMessages).toFixed(0),
    'ms of one core': ((performance.now() - startedMs) / SEEDS).toFixed(0),
  });
}
console.table(rows);
