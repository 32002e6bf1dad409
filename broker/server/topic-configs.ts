/**
 * The topics' own configs, as `/config/topics/<t>` has them, read when first needed and kept. `/config/changes` tells when one
 * was altered: it is then read again, and listeners hear of it.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { configChangeZnode, configZnode } from '../controller/znodes.ts';

export type TopicConfig = ReadonlyMap<string, string>;

const NONE: TopicConfig = new Map();

export class TopicConfigs {
  private readonly client: () => CoordinatorClient;
  private readonly logger: Logger;
  private readonly known = new Map<string, TopicConfig>();
  private readonly listeners = new Set<(topic: string, config: TopicConfig) => void>();
  /** Number of the last change that was dealt with. */
  private lastChange = -1;

  constructor(client: () => CoordinatorClient, logger: Logger) {
    this.client = client;
    this.logger = logger;
  }

  /** The topic's entries; empty when it has none. */
  async get(topic: string): Promise<TopicConfig> {
    return this.known.get(topic) ?? (await this.read(topic));
  }

  /** Those of a topic for which `get` or `read` was called before. */
  getKnown(topic: string): TopicConfig {
    return this.known.get(topic) ?? NONE;
  }

  /** Those of all topics, at once: logs that are opened at the start need them. */
  async readAll(): Promise<void> {
    const { children } = await this.client().getChildren('/config/topics');
    await Promise.all(children.map((topic) => this.read(topic)));
  }

  async read(topic: string): Promise<TopicConfig> {
    const path = configZnode.path('topics', topic);
    const znode = await getDataOrNull(this.client(), path);
    const config = znode === null ? NONE : configZnode.decode(path, znode.data);
    this.known.set(topic, config);
    return config;
  }

  /** The topic is gone; one of its name starts afresh. */
  forget(topic: string): void {
    this.known.delete(topic);
  }

  onChange(listener: (topic: string, config: TopicConfig) => void): void {
    this.listeners.add(listener);
  }

  /** Begins to watch `/config/changes`, in each new session anew: what changed in between is read again. */
  async watch(): Promise<void> {
    if (this.known.size > 0) await Promise.all([...this.known.keys()].map((topic) => this.readAgain(topic)));
    await this.readChanges(false);
  }

  private async readChanges(act: boolean): Promise<void> {
    const client = this.client();
    const { children } = await client.getChildren(configChangeZnode.parentPath, { watch: () => this.changed() });
    const fresh = children.filter((name) => sequenceOf(name) > this.lastChange).sort();
    for (const name of fresh) {
      this.lastChange = Math.max(this.lastChange, sequenceOf(name));
      if (!act) continue;
      const path = `${configChangeZnode.parentPath}/${name}`;
      const znode = await getDataOrNull(client, path);
      if (znode === null) continue;
      const [type, topic] = configChangeZnode.decode(path, znode.data).split('/');
      if (type === 'topics' && topic !== undefined && this.known.has(topic)) await this.readAgain(topic);
    }
  }

  private changed(): void {
    this.readChanges(true).catch((error: unknown) =>
      this.logger.warn('Could not read what changed in the configuration', { error }),
    );
  }

  private async readAgain(topic: string): Promise<void> {
    const before = this.known.get(topic);
    const config = await this.read(topic);
    if (before !== undefined && sameConfig(before, config)) return;
    for (const listener of this.listeners) listener(topic, config);
  }
}

function sequenceOf(name: string): number {
  return Number(name.slice(configChangeZnode.prefix.length));
}

function sameConfig(a: TopicConfig, b: TopicConfig): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
