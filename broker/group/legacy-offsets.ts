/**
 * Offsets as consumers before Kafka 0.9 kept them: version 0 of OffsetCommit and OffsetFetch stores them in znodes,
 * `/consumers/<group>/offsets/<topic>/<partition>`, as decimal text. No membership, no expiry.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';

export interface LegacyOffsets {
  /** The stored offset, or null. */
  get(groupId: string, topic: string, partition: number): Promise<number | null>;
  set(groupId: string, topic: string, partition: number, offset: number): Promise<void>;
}

function legacyOffsetPath(groupId: string, topic: string, partition: number): string {
  return `/consumers/${groupId}/offsets/${topic}/${partition}`;
}

export class ZnodeOffsets implements LegacyOffsets {
  private readonly client: Pick<CoordinatorClient, 'create' | 'getData' | 'setData'>;

  constructor(client: Pick<CoordinatorClient, 'create' | 'getData' | 'setData'>) {
    this.client = client;
  }

  async get(groupId: string, topic: string, partition: number): Promise<number | null> {
    try {
      const { data } = await this.client.getData(legacyOffsetPath(groupId, topic, partition));
      const text = data === null ? '' : new TextDecoder().decode(data).trim();
      return /^-?\d+$/.test(text) ? Number(text) : null;
    } catch (error) {
      if (isRefusal(error, ErrorCode.NONODE)) return null;
      throw error;
    }
  }

  async set(groupId: string, topic: string, partition: number, offset: number): Promise<void> {
    const path = legacyOffsetPath(groupId, topic, partition);
    try {
      await this.client.setData(path, String(offset));
    } catch (error) {
      if (!isRefusal(error, ErrorCode.NONODE)) throw error;
      for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
        await this.createOnce(path.slice(0, end), '');
      }
      // Another commit of the same partition may have been faster: the later one stands.
      if (!(await this.createOnce(path, String(offset)))) await this.client.setData(path, String(offset));
    }
  }

  /** False when the znode is there already. */
  private async createOnce(path: string, data: string): Promise<boolean> {
    try {
      await this.client.create(path, data);
      return true;
    } catch (error) {
      if (isRefusal(error, ErrorCode.NODEEXISTS)) return false;
      throw error;
    }
  }
}

function isRefusal(error: unknown, code: ErrorCode): boolean {
  return error instanceof CoordinatorError && error.code === code;
}
