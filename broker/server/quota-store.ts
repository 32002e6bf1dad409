/** What is configured of users, client ids and addresses in `/config/users`, `/config/clients` and `/config/ips`: quotas and credentials. */
import { lookup } from 'node:dns/promises';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import { childrenOf, getDataOrNull } from '../controller/read-state.ts';
import type { ConfigEntityType } from '../controller/znodes.ts';
import { configChangeZnode, configZnode, DEFAULT_ENTITY, ZnodeError } from '../controller/znodes.ts';
import type { QuotaEntity, QuotaKind, QuotaOperation } from '../quota/quota-entities.ts';
import { applyOperations, entityAt, placeOf, QuotaRefusal, sanitize } from '../quota/quota-entities.ts';

export interface ConfiguredEntity {
  readonly entity: QuotaEntity;
  readonly config: ReadonlyMap<string, string>;
}

const QUOTA_KINDS: readonly QuotaKind[] = ['users', 'clients', 'ips'];

/** How often a change is made anew because another one came first. */
const ATTEMPTS_MAX = 10;

export class QuotaStore {
  private readonly client: () => CoordinatorClient;
  private readonly logger: Logger;

  constructor(client: () => CoordinatorClient, logger: Logger) {
    this.client = client;
    this.logger = logger;
  }

  /** Every entity that has settings, quotas or not. */
  async readAll(): Promise<ConfiguredEntity[]> {
    return (await Promise.all(QUOTA_KINDS.map((kind) => this.readAllOf(kind)))).flat();
  }

  /** `users`: with their clients. */
  async readAllOf(kind: QuotaKind): Promise<ConfiguredEntity[]> {
    const names = [...(await this.names(kind))];
    if (kind === 'users') {
      const ofUsers = await Promise.all(names.map((user) => this.names('users', `${user}/clients`)));
      names.push(...ofUsers.flatMap((ids, index) => ids.map((id) => `${names[index]!}/clients/${id}`)));
    }
    const found = await Promise.all(names.map((name) => this.readOne(kind, name)));
    return found.filter((entity) => entity !== null);
  }

  /** Null for a name that no entity has; an entity without settings has an empty map. */
  async readOne(kind: QuotaKind, name: string): Promise<ConfiguredEntity | null> {
    const entity = entityAt(kind, name);
    return entity === null ? null : { entity, config: (await this.read(kind, name)).config };
  }

  private names(type: ConfigEntityType, below?: string): Promise<readonly string[]> {
    return childrenOf(this.client(), `/config/${type}${below === undefined ? '' : `/${below}`}`);
  }

  private async read(type: ConfigEntityType, name: string): Promise<{ config: ReadonlyMap<string, string>; version: number | null }> {
    const path = configZnode.path(type, name);
    const znode = await getDataOrNull(this.client(), path);
    if (znode === null) return { config: new Map(), version: null };
    try {
      return { config: configZnode.decode(path, znode.data), version: znode.stat.version };
    } catch (error) {
      if (!(error instanceof ZnodeError)) throw error;
      this.logger.error(`The configuration is left out: ${error.message}`);
      return { config: new Map(), version: znode.stat.version };
    }
  }

  /** Changes an entity's quotas. Throws `QuotaRefusal`. */
  async alter(entity: QuotaEntity, operations: readonly QuotaOperation[], validateOnly: boolean): Promise<void> {
    const { type, name, keys } = placeOf(entity);
    if (type === 'ips' && name !== DEFAULT_ENTITY) await checkAddress(name);
    await this.change(type, name, (config) => applyOperations(config, operations, keys), validateOnly);
  }

  /** The settings of a user, credentials included. */
  async readUser(user: string): Promise<ReadonlyMap<string, string>> {
    return (await this.read('users', sanitize(user))).config;
  }

  /** Changes a user's settings; what `change` throws is passed on, and nothing written. */
  async changeUser(user: string, change: (config: ReadonlyMap<string, string>) => ReadonlyMap<string, string>): Promise<void> {
    await this.change('users', sanitize(user), change, false);
  }

  private async change(
    type: ConfigEntityType,
    name: string,
    change: (config: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
    validateOnly: boolean,
  ): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const { config, version } = await this.read(type, name);
      const next = change(config);
      if (validateOnly || (await this.write(type, name, next, version))) return;
    }
    throw new Error(`${ATTEMPTS_MAX} attempts to write ${configZnode.path(type, name)} met with other changes: try again`);
  }

  /** False when somebody else wrote in between. */
  private async write(type: ConfigEntityType, name: string, config: ReadonlyMap<string, string>, version: number | null): Promise<boolean> {
    const client = this.client();
    const path = configZnode.path(type, name);
    const data = configZnode.encode(config);
    try {
      if (version === null) await this.create(path, data);
      else await client.setData(path, data, version);
    } catch (error) {
      const lost: readonly number[] = [ErrorCode.BADVERSION, ErrorCode.NODEEXISTS, ErrorCode.NONODE];
      if (error instanceof CoordinatorError && lost.includes(error.code)) return false;
      throw error;
    }
    const announcement = `${configChangeZnode.parentPath}/${configChangeZnode.prefix}`;
    await client.create(announcement, configChangeZnode.encode(type, name), { mode: CreateMode.PERSISTENT_SEQUENTIAL });
    return true;
  }

  /** With what is above it: a user without settings of his own may have clients that have some. */
  private async create(path: string, data: Buffer): Promise<void> {
    const client = this.client();
    try {
      await client.create(path, data);
      return;
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NONODE) throw error;
    }
    const steps = path.split('/');
    for (let depth = 4; depth < steps.length; depth++) {
      try {
        await client.create(steps.slice(0, depth).join('/'));
      } catch (error) {
        if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NODEEXISTS) throw error;
      }
    }
    await client.create(path, data);
  }
}

async function checkAddress(name: string): Promise<void> {
  try {
    await lookup(name);
  } catch (error) {
    throw new QuotaRefusal(`${name} is not a valid IP or resolvable host.`, { cause: error });
  }
}
