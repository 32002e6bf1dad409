/**
 * A queue (ZooKeeper's recipe "Queues"): items are taken in the order in which they were put, each by one taker. Takers stand in
 * line, and only the first of them watches the items, so that an item wakes one.
 *
 * For work that is handed out, not for streams: all items are in the memory of every server.
 */
import { CreateMode } from '../../znode/create-mode.ts';
import { ErrorCode } from '../../znode/error-code.ts';
import type { Data } from '../../znode/operations.ts';
import type { CoordinatorClient } from '../client.ts';
import type { DataLike } from '../ops.ts';
import { Lock } from './lock.ts';
import { childOf, createTagged, ensurePath, hasCode, inOrder, namesIn, retried } from './sequence.ts';
import type { WaitOptions } from './waiting.ts';
import { untilFired } from './waiting.ts';

export class Queue {
  private readonly client: CoordinatorClient;
  private readonly items: string;
  private readonly turn: Lock;

  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.items = childOf(path, 'items');
    this.turn = new Lock(client, childOf(path, 'turn'));
  }

  /** Puts an item at the end. It stays when this session ends. */
  async put(data: DataLike): Promise<void> {
    await createTagged(this.client, this.items, 'item', data, CreateMode.PERSISTENT_SEQUENTIAL);
  }

  /** Takes the first item; waits for one while there is none. An item whose taker dies before `take` returns may be gone with it. */
  take({ signal }: WaitOptions = {}): Promise<Data> {
    return this.turn.run(
      async (lost) => {
        const either = signal === undefined ? lost : AbortSignal.any([signal, lost]);
        for (;;) {
          for (const name of await namesIn(this.client, this.items)) {
            const taken = await this.takeItem(childOf(this.items, name));
            if (taken !== null) return taken.data;
          }
          await this.untilFilled(either);
        }
      },
      signal === undefined ? {} : { signal },
    );
  }

  /** Number of items. */
  async size(): Promise<number> {
    return (await namesIn(this.client, this.items)).length;
  }

  private async takeItem(path: string): Promise<{ data: Data } | null> {
    try {
      const { data } = await retried(() => this.client.getData(path));
      let inDoubt = false;
      for (;;) {
        try {
          await this.client.delete(path);
          return { data };
        } catch (error) {
          // Nobody else takes items now: what is gone after a delete of unknown outcome was taken here.
          if (inDoubt && hasCode(error, ErrorCode.NONODE)) return { data };
          if (!hasCode(error, ErrorCode.CONNECTIONLOSS)) throw error;
          inDoubt = true;
        }
      }
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE)) return null;
      throw error;
    }
  }

  private async untilFilled(signal: AbortSignal): Promise<void> {
    await ensurePath(this.client, this.items);
    await untilFired(
      this.client,
      async (watch) => inOrder((await retried(() => this.client.getChildren(this.items, { watch }))).children).length === 0,
      signal,
    );
  }
}
