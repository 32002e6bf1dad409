/**
 * A gate that is closed while its znode exists (ZooKeeper's recipe "Barriers"). Whoever comes waits; lowering it lets all of
 * them through.
 */
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { deleteIfThere, ensurePath, hasCode, retried } from './sequence.ts';
import type { WaitOptions } from './waiting.ts';
import { untilChanged } from './waiting.ts';

export class Barrier {
  private readonly client: CoordinatorClient;
  private readonly path: string;

  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Closes the gate; false when it was closed already. It stays closed when this session ends. */
  async raise(): Promise<boolean> {
    const parent = this.path.slice(0, this.path.lastIndexOf('/'));
    if (parent !== '') await ensurePath(this.client, parent);
    try {
      await retried(() => this.client.create(this.path));
      return true;
    } catch (error) {
      if (hasCode(error, ErrorCode.NODEEXISTS)) return false;
      throw error;
    }
  }

  /** Opens the gate. */
  lower(): Promise<void> {
    return deleteIfThere(this.client, this.path);
  }

  /** Waits until the gate is open; returns at once if it is. */
  async wait({ signal }: WaitOptions = {}): Promise<void> {
    while ((await retried(() => this.client.exists(this.path))) !== null) await untilChanged(this.client, this.path, signal);
  }
}
