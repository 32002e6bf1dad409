/** Addresses' connection rates of the run time: `/config/ips`, read into `ConnectionQuotas` at the start and with every announcement. */
import { lookup } from 'node:dns/promises';
import { SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ConfigKeeper } from './config-changes.ts';
import type { ConnectionQuotas } from '../quota/connection-quotas.ts';
import { IP, quotasIn } from '../quota/quota-entities.ts';
import type { ConfiguredEntity, QuotaStore } from './quota-store.ts';

export interface IpQuotaConfigsOptions {
  readonly store: Pick<QuotaStore, 'readAllOf' | 'readOne'>;
  readonly quotas: Pick<ConnectionQuotas, 'setAddressRate' | 'clearAddressRates'>;
  readonly logger: Logger;
  /** The address of a name; tests have their own. */
  readonly resolve?: (name: string) => Promise<string>;
}

export class IpQuotaConfigs implements ConfigKeeper {
  private readonly options: IpQuotaConfigsOptions;

  constructor(options: IpQuotaConfigsOptions) {
    this.options = options;
  }

  async readAgain(name: string): Promise<void> {
    const found = await this.options.store.readOne('ips', name);
    if (found !== null) await this.take(found);
  }

  async readAllAgain(): Promise<void> {
    const entities = await this.options.store.readAllOf('ips');
    this.options.quotas.clearAddressRates();
    await Promise.all(entities.map((entity) => this.take(entity)));
  }

  private async take({ entity, config }: ConfiguredEntity): Promise<void> {
    const { quotas, logger } = this.options;
    const name = entity.get(IP) ?? null;
    let rateMax: number | null;
    try {
      rateMax = quotasIn(config, true).find(({ key }) => key === 'connection_creation_rate')?.value ?? null;
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      logger.error(`The connection rate of ${name ?? 'all addresses'} is left as it was: ${error.message}`);
      return;
    }
    if (name === null) {
      logger.info(`Updated default max IP connection rate to ${rateMax ?? 'unlimited'}`);
      quotas.setAddressRate(null, rateMax);
      return;
    }
    let address: string;
    try {
      address = await (this.options.resolve ?? resolveName)(name);
    } catch (error) {
      logger.error(`Unable to resolve address ${name}: its connection rate is left out`, { error });
      return;
    }
    logger.info(rateMax === null ? `Removing max connection rate override for /${address}` : `Updating max connection rate override for /${address} to ${rateMax}`);
    quotas.setAddressRate(address, rateMax);
  }
}

async function resolveName(name: string): Promise<string> {
  return (await lookup(name)).address;
}
