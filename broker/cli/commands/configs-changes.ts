/** What `--add-config`, `--add-config-file` and `--delete-config` of kafka-configs ask for. */
import { readPropertyFile } from '../bootstrap.ts';
import type { ToolIo } from '../io.ts';
import { illegalArgument, JavaError } from '../java-exception.ts';
import { javaHash, javaHashOrder } from '../java-order.ts';
import type { Options } from '../options.ts';
import { scalaMapOrder } from '../scala-order.ts';

/** What Kafka's tool throws about its own arguments, and shows without a stack trace. */
export const INVALID_CONFIG = 'org.apache.kafka.common.errors.InvalidConfigurationException';

export interface Changes {
  /** In the order of Kafka's tool: it shows in its messages. */
  readonly added: ReadonlyMap<string, string>;
  readonly deleted: readonly string[];
}

export function readChanges(options: Options, io: ToolIo): Changes {
  const added = addedConfigs(options);
  const format = added.get('message.format.version');
  if (format !== undefined) {
    io.out(
      `WARNING: The configuration message.format.version=${format} is specified. This configuration will be ignored if the version ` +
        'is newer than the inter.broker.protocol.version specified in the broker or if the inter.broker.protocol.version is 3.0 or ' +
        'newer. This configuration is deprecated and it will be removed in Apache Kafka 4.0.\n',
    );
  }
  const deleted = options.all('delete-config').flatMap(separate).map((name) => name.trim());
  const inProperties = javaHashOrder([...added], ([name]) => name);
  return { added: new Map(scalaMapOrder(inProperties, ([name]) => javaHash(name))), deleted };
}

/** JOpt Simple passes over what is empty between commas, unless there is nothing else. */
function separate(list: string): string[] {
  const names = list.split(',').filter((name) => name !== '');
  return names.length === 0 ? [''] : names;
}

/** Commas inside of square brackets don't separate. */
const OUTSIDE_BRACKETS = '(?=[^\\]]*(?:\\[|$))';

function addedConfigs(options: Options): Map<string, string> {
  const file = options.one('add-config-file');
  const added = file === null ? new Map<string, string>() : readPropertyFile(file);
  const text = options.one('add-config');
  const pairs = text === null ? [] : text.split(new RegExp(`,${OUTSIDE_BRACKETS}`));
  if (text !== '') while (pairs.at(-1) === '') pairs.pop(); // as Java splits
  for (const pair of pairs) {
    const parts = pair.split(new RegExp(`\\s*=\\s*${OUTSIDE_BRACKETS}`));
    if (parts.length !== 2) {
      throw illegalArgument('requirement failed: Invalid entity config: all configs to be added must be in the format "key=val".');
    }
    added.set(parts[0]!.trim(), parts[1]!.replace(/[[\]]/g, '').trim());
  }
  return added;
}

/** Throws for what would be deleted and is not there. */
export function checkDeleted(deleted: readonly string[], isThere: (name: string) => boolean): void {
  const missing = deleted.filter((name) => !isThere(name));
  if (missing.length > 0) throw new JavaError(INVALID_CONFIG, `Invalid config(s): ${missing.join(',')}`);
}
