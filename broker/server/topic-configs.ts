/**
 * The topics' own configs, as `/config/topics/<t>` has them, read when first needed and kept. When one was altered (`ConfigChanges`
 * tells) it is read again, and listeners hear of it.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { configZnode, ZnodeError } from '../controller/znodes.ts';
import type { ConfigKeeper } from './config-changes.ts';

export type TopicConfig = ReadonlyMap<string, string>;

const NONE: TopicConfig = new Map();

export class TopicConfigs implements ConfigKeeper {
  private readonly client: () => CoordinatorClient;
  private readonly logger: Logger;
  private readonly known = new Map<string, TopicConfig>();
  private readonly listeners = new Set<(topic: string, config: TopicConfig) => void>();

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

  /** What makes no sense is logged and worth nothing: the topic's records stay reachable. */
  async read(topic: string): Promise<TopicConfig> {
    const path = configZnode.path('topics', topic);
    const znode = await getDataOrNull(this.client(), path);
    const config = znode === null ? NONE : this.decode(path, znode.data);
    this.known.set(topic, config);
    return config;
  }

  private decode(path: string, data: Buffer | Uint8Array | null): TopicConfig {
    try {
      return configZnode.decode(path, data);
    } catch (error) {
      if (!(error instanceof ZnodeError)) throw error;
      this.logger.error(`The configuration is left out: ${error.message}`);
      return NONE;
    }
  }

  /** The topic is gone; one of its name starts afresh. */
  forget(topic: string): void {
    this.known.delete(topic);
  }

  onChange(listener: (topic: string, config: TopicConfig) => void): void {
    this.listeners.add(listener);
  }

  async readAllAgain(): Promise<void> {
    await Promise.all([...this.known.keys()].map((topic) => this.readAgain(topic)));
  }

  async readAgain(topic: string): Promise<void> {
    const before = this.known.get(topic);
    if (before === undefined) return;
    const config = await this.read(topic);
    if (sameConfig(before, config)) return;
    for (const listener of this.listeners) listener(topic, config);
  }
}

function sameConfig(a: TopicConfig, b: TopicConfig): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
