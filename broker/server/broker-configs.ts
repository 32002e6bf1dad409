/** Brokers' settings of the run time: `/config/brokers/<id>` and `/config/brokers/<default>`, read into `DynamicSettings`. */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { configZnode, DEFAULT_ENTITY, ZnodeError } from '../controller/znodes.ts';
import type { ConfigKeeper } from './config-changes.ts';
import type { DynamicSettings, Scope } from '../settings/dynamic-settings.ts';

export interface BrokerConfigsOptions {
  client: () => CoordinatorClient;
  brokerId: () => number;
  settings: DynamicSettings;
  logger: Logger;
}

export class BrokerConfigs implements ConfigKeeper {
  private readonly options: BrokerConfigsOptions;

  constructor(options: BrokerConfigsOptions) {
    this.options = options;
  }

  async readAllAgain(): Promise<void> {
    await this.readScope('cluster', DEFAULT_ENTITY);
    await this.readScope('broker', String(this.options.brokerId()));
  }

  async readAgain(name: string): Promise<void> {
    if (name === DEFAULT_ENTITY) await this.readScope('cluster', name);
    else if (name === String(this.options.brokerId())) await this.readScope('broker', name);
  }

  private async readScope(scope: Scope, name: string): Promise<void> {
    const { client, settings, logger } = this.options;
    const path = configZnode.path('brokers', name);
    const znode = await getDataOrNull(client(), path);
    try {
      settings.update(scope, znode === null ? new Map() : configZnode.decode(path, znode.data));
    } catch (error) {
      if (!(error instanceof ZnodeError)) throw error;
      logger.error(`The configuration is left as it was: ${error.message}`);
    }
  }
}
