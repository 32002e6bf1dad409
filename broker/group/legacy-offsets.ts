/**
 * Offsets as consumers before Kafka 0.9 kept them: version 0 of OffsetCommit and OffsetFetch stores them in znodes,
 * `/consumers/<group>/offsets/<topic>/<partition>`, as decimal text. No group, no membership, no expiry.
 */

/** What is needed of a session with the ensemble: `shared/client` has it. Codes of refusals are ZooKeeper's names. */
export interface ZnodeClient {
  create(path: string, data: Buffer): Promise<unknown>;
  setData(path: string, data: Buffer): Promise<unknown>;
  getData(path: string): Promise<{ readonly data: Uint8Array }>;
  /** True when `error` says that the znode isn't there / is there already. */
  isNoNode(error: unknown): boolean;
  isNodeExists(error: unknown): boolean;
}

export interface LegacyOffsets {
  /** The stored offset, or null. */
  get(groupId: string, topic: string, partition: number): Promise<number | null>;
  set(groupId: string, topic: string, partition: number, offset: number): Promise<void>;
}

export function legacyOffsetPath(groupId: string, topic: string, partition: number): string {
  return `/consumers/${groupId}/offsets/${topic}/${partition}`;
}

export class ZnodeOffsets implements LegacyOffsets {
  private readonly client: ZnodeClient;

  constructor(client: ZnodeClient) {
    this.client = client;
  }

  async get(groupId: string, topic: string, partition: number): Promise<number | null> {
    try {
      const { data } = await this.client.getData(legacyOffsetPath(groupId, topic, partition));
      const text = Buffer.from(data).toString('utf8').trim();
      return /^-?\d+$/.test(text) ? Number(text) : null;
    } catch (error) {
      if (this.client.isNoNode(error)) return null;
      throw error;
    }
  }

  async set(groupId: string, topic: string, partition: number, offset: number): Promise<void> {
    const path = legacyOffsetPath(groupId, topic, partition);
    const data = Buffer.from(String(offset));
    try {
      await this.client.setData(path, data);
    } catch (error) {
      if (!this.client.isNoNode(error)) throw error;
      await this.createWithParents(path, data);
    }
  }

  private async createWithParents(path: string, data: Buffer): Promise<void> {
    for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) await this.createOnce(path.slice(0, end));
    try {
      await this.client.create(path, data);
    } catch (error) {
      // Another commit of the same partition was faster: the later one stands.
      if (!this.client.isNodeExists(error)) throw error;
      await this.client.setData(path, data);
    }
  }

  private async createOnce(path: string): Promise<void> {
    try {
      await this.client.create(path, Buffer.alloc(0));
    } catch (error) {
      if (!this.client.isNodeExists(error)) throw error;
    }
  }
}
