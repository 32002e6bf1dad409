/** What kafka-topics and kafka-configs say alike of topics and of their connection, in Kafka's words. */
import { topicSettings } from '../../log/log-config.ts';
import type { OptionSpec } from '../options.ts';

/** Kafka 3.4 lists the configs of tiered storage, which has not come yet. */
const TIERED_STORAGE = ['local.retention.bytes', 'local.retention.ms', 'remote.storage.enable'];

/** The names of all topic configs, as the help lists them. */
export const TOPIC_CONFIG_NAMES: readonly string[] = [...Object.values(topicSettings).map(({ name }) => name), ...TIERED_STORAGE].sort();

/** Names below each other, as the help lists them. */
export const listed = (names: readonly string[]): string => names.map((name) => `\t${name}\n`).join('');

export const COMMAND_CONFIG: OptionSpec = {
  name: 'command-config',
  description:
    'Property file containing configs to be passed to Admin Client. This is used only with ' +
    '--bootstrap-server option for describing and altering broker configs.',
  argument: { type: 'String', shown: 'command config property file' },
};
