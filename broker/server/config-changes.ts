/**
 * `/config/changes`: whoever alters a configuration announces it there, and every broker reads again what the announcement names. A
 * new session reads everything again, because announcements of the time between are not told one by one.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import { configChangeZnode } from '../controller/znodes.ts';

/** Who keeps the configurations of one kind of entity (`topics`, `brokers`, `users`…). */
export interface ConfigKeeper {
  /** `rest` is what follows the kind in the entity's path: `t`, `<default>`, `bob/clients/c`. */
  readAgain(rest: string): Promise<void>;
  readAllAgain(): Promise<void>;
}

export interface ConfigChangesOptions {
  client: () => CoordinatorClient;
  keepers: Readonly<Record<string, ConfigKeeper>>;
  wallMs: () => number;
  logger: Logger;
}

/** Announcements are kept for so long (`ZkNodeChangeNotificationListener`): every broker has read them by then. */
const KEPT_MS = 15 * 60 * 1000;

export class ConfigChanges {
  private readonly options: ConfigChangesOptions;
  /** Number of the last announcement that was dealt with. */
  private last = -1;
  /** Announcements are dealt with in order. */
  private reading: Promise<void> = Promise.resolve();

  constructor(options: ConfigChangesOptions) {
    this.options = options;
  }

  /** Begins to watch, in each new session anew. Resolves when everything that is known was read again. */
  watch(): Promise<void> {
    return this.inOrder(async () => {
      await this.readAnnouncements(false);
      await Promise.all(Object.values(this.options.keepers).map((keeper) => keeper.readAllAgain()));
    });
  }

  private changed(): void {
    this.inOrder(() => this.readAnnouncements(true)).catch((error: unknown) =>
      this.options.logger.warn('Could not read what changed in the configuration', { error }),
    );
  }

  private inOrder(run: () => Promise<void>): Promise<void> {
    const result = this.reading.then(run);
    this.reading = result.catch(() => undefined); // whoever asked hears of it; the next one is read all the same
    return result;
  }

  private async readAnnouncements(act: boolean): Promise<void> {
    const client = this.options.client();
    const { children } = await client.getChildren(configChangeZnode.parentPath, { watch: () => this.changed() });
    const names = children.filter((name) => Number.isSafeInteger(sequenceOf(name))).sort();
    for (const name of names) {
      const path = `${configChangeZnode.parentPath}/${name}`;
      const znode = await getDataOrNull(client, path);
      if (znode === null) continue;
      if (sequenceOf(name) > this.last) {
        this.last = sequenceOf(name);
        if (act) await this.actOn(path, znode.data);
      }
      if (this.options.wallMs() - znode.stat.ctime > KEPT_MS) await this.remove(path);
    }
  }

  private async actOn(path: string, data: Buffer | Uint8Array | null): Promise<void> {
    const { keepers, logger } = this.options;
    try {
      const [kind = '', ...rest] = configChangeZnode.decode(path, data).split('/');
      await keepers[kind]?.readAgain(rest.join('/'));
    } catch (error) {
      if (error instanceof CoordinatorError) throw error;
      logger.error(`Announcement ${path} is left out`, { error });
    }
  }

  private async remove(path: string): Promise<void> {
    try {
      await this.options.client().delete(path);
    } catch (error) {
      // Every broker does this.
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NONODE) throw error;
    }
  }
}

function sequenceOf(name: string): number {
  return name.startsWith(configChangeZnode.prefix) ? Number(name.slice(configChangeZnode.prefix.length)) : NaN;
}
