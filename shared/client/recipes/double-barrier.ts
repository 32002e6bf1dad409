/**
 * Has a number of sessions begin something together and end it together (ZooKeeper's recipe "Double Barriers"). The one that
 * makes the number complete opens the way in; the way out is open when all have left. A session that dies has left.
 *
 * On the way out the first of the line waits for the last, and all others for the first: a departure wakes one.
 */
import { CreateMode } from '../../znode/create-mode.ts';
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { deleteOp } from '../ops.ts';
import { childOf, createTagged, deleteIfThere, giveUp, hasCode, namesIn, retried } from './sequence.ts';
import type { WaitOptions } from './waiting.ts';
import { untilChanged, untilFired } from './waiting.ts';

export class DoubleBarrier {
  private readonly client: CoordinatorClient;
  private readonly path: string;
  private readonly ready: string;
  private readonly count: number;
  /** Of this session's place, while it is inside. */
  private name: string | null = null;

  constructor(client: CoordinatorClient, path: string, count: number) {
    this.client = client;
    this.path = path;
    this.ready = childOf(path, 'ready');
    this.count = count;
  }

  /** Waits until `count` sessions have come. */
  async enter({ signal }: WaitOptions = {}): Promise<void> {
    const name = await createTagged(this.client, this.path, 'place');
    this.name = name;
    try {
      await untilFired(
        this.client,
        async (watch) => {
          if ((await retried(() => this.client.exists(this.ready, { watch }))) !== null) return false;
          if ((await namesIn(this.client, this.path)).length < this.count) return true;
          await this.open();
          return false;
        },
        signal,
      );
    } catch (error) {
      this.name = null;
      await giveUp(this.client, childOf(this.path, name));
      throw error;
    }
  }

  private async open(): Promise<void> {
    try {
      // Ephemeral: were all to die inside, the next round would find the way open.
      await retried(() => this.client.create(this.ready, null, { mode: CreateMode.EPHEMERAL }));
    } catch (error) {
      if (!hasCode(error, ErrorCode.NODEEXISTS)) throw error;
    }
  }

  /** Leaves, and waits until all have. */
  async leave({ signal }: WaitOptions = {}): Promise<void> {
    const { name } = this;
    if (name === null) throw new Error(`leave() of the barrier ${this.path} without an enter() before it`);
    for (;;) {
      const inside = await namesIn(this.client, this.path);
      const [first] = inside;
      if (first === undefined) {
        await this.close();
        break;
      }
      if (first !== name) {
        await deleteIfThere(this.client, childOf(this.path, name));
        await untilChanged(this.client, childOf(this.path, first), signal);
      } else if (inside.length > 1) {
        await untilChanged(this.client, childOf(this.path, inside.at(-1)!), signal);
      } else {
        await this.leaveLast(name);
      }
    }
    this.name = null;
  }

  /** Closes the way in where the last one died before it did. No round can begin meanwhile: it needs all, this one too. */
  private async close(): Promise<void> {
    if ((await retried(() => this.client.exists(this.ready))) !== null) await deleteIfThere(this.client, this.ready);
  }

  /** Closes the way in before the next round, in one step with the last departure. */
  private async leaveLast(name: string): Promise<void> {
    const path = childOf(this.path, name);
    try {
      await this.client.multi([deleteOp(this.ready), deleteOp(path)]);
    } catch (error) {
      if (hasCode(error, ErrorCode.CONNECTIONLOSS)) return; // looked at again
      if (!hasCode(error, ErrorCode.NONODE)) throw error;
      await deleteIfThere(this.client, path);
    }
  }
}
