/** Client quotas of the run time: `/config/users` and `/config/clients`, read into `ClientQuotas` at the start and with every announcement. */
import { SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ClientQuotas } from '../quota/client-quotas.ts';
import type { ConfigKeeper } from './config-changes.ts';
import { quotasIn } from '../quota/quota-entities.ts';
import type { ConfiguredEntity, QuotaStore } from './quota-store.ts';

export interface QuotaConfigsOptions {
  readonly store: Pick<QuotaStore, 'readAllOf' | 'readOne'>;
  readonly quotas: ClientQuotas;
  readonly logger: Logger;
}

export class QuotaConfigs implements ConfigKeeper {
  private readonly kind: 'users' | 'clients';
  private readonly options: QuotaConfigsOptions;

  constructor(kind: 'users' | 'clients', options: QuotaConfigsOptions) {
    this.kind = kind;
    this.options = options;
  }

  async readAgain(name: string): Promise<void> {
    const found = await this.options.store.readOne(this.kind, name);
    if (found === null) this.options.logger.error(`Announced are quotas of ${this.kind}/${name}, which is no entity's place: left out`);
    else this.take(found);
  }

  async readAllAgain(): Promise<void> {
    const entities = await this.options.store.readAllOf(this.kind);
    this.options.quotas.clear(this.kind);
    for (const entity of entities) this.take(entity);
  }

  private take({ entity, config }: ConfiguredEntity): void {
    const { quotas, logger } = this.options;
    try {
      quotas.set(entity, new Map(quotasIn(config, false).map(({ key, value }) => [key, value])));
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      logger.error(`Quotas of ${JSON.stringify([...entity])} are left as they were: ${error.message}`);
    }
  }
}
