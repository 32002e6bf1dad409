/**
 * kafka-configs: describes and alters what is configured of topics, brokers and their loggers, and the quotas and credentials of users,
 * client ids and addresses; of users' credentials and of brokers that don't run also through the coordinator (`--zookeeper`).
 */
import { ConnectionError, KafkaError, TimeoutError, WaitTimeoutError } from '../../client/errors.ts';
import { createAdmin } from '../connect-admin.ts';
import { ToolExit, type ToolIo } from '../io.ts';
import { describeFailure, illegalArgument, JavaError } from '../java-exception.ts';
import { OptionError, type Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { INVALID_CONFIG, readChanges } from './configs-changes.ts';
import { checkOptions, type Target } from './configs-check.ts';
import { options as specs } from './configs-options.ts';
import { alterQuotas, describeQuotas } from './configs-quotas.ts';
import { alterResource, describeResources } from './configs-resources.ts';
import { throughZookeeper } from './configs-zookeeper.ts';

const DESCRIPTION = 'This tool helps to manipulate and describe entity config for a topic, client, user, broker or ip';

export async function configs(args: readonly string[], io: ToolIo): Promise<number> {
  try {
    const options = parseTool({ specs, description: DESCRIPTION, onError: 'throw' }, args, io);
    const target = await checkOptions(options, io);
    if (options.has('zookeeper')) await throughZookeeper(target, options, io);
    else await throughBroker(target, options, io);
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    if (isAboutArguments(error)) io.err(`${error.message}\n`);
    else io.err(`Error while executing config command with args '${args.join(' ')}'\n${stackOf(error)}`);
    return 1;
  }
}

/** What is wrong with the arguments is told by itself, anything else with the arguments it came from. */
function isAboutArguments(error: unknown): error is Error {
  if (error instanceof OptionError) return true;
  return error instanceof JavaError && (error.exception === INVALID_CONFIG || error.exception === 'java.lang.IllegalArgumentException');
}

/** The stack trace without the places. */
function stackOf(error: unknown): string {
  const failure = describeFailure(error);
  if (error instanceof WaitTimeoutError) return `${failure}\n`;
  if (error instanceof KafkaError || error instanceof TimeoutError || error instanceof ConnectionError) {
    return `java.util.concurrent.ExecutionException: ${failure}\nCaused by: ${failure}\n`;
  }
  const isCaused = error instanceof JavaError && error.cause instanceof JavaError;
  return `${failure}\n${isCaused ? `Caused by: ${describeFailure(error.cause)}\n` : ''}`;
}

async function throughBroker({ types, names }: Target, options: Options, io: ToolIo): Promise<void> {
  const admin = createAdmin(options, io);
  const type = types[0]!;
  const isResource = type === 'topics' || type.startsWith('broker');
  try {
    if (options.has('describe')) {
      if (isResource) await describeResources(admin, type, names[0] ?? null, options.has('all'), io);
      else await describeQuotas(admin, { types, names }, io);
      return;
    }
    if (types.length !== names.length) throw illegalArgument('An entity name must be specified for every entity type');
    const changes = readChanges(options, io);
    const name = names[0]!;
    if (isResource) await alterResource(admin, type, name, changes);
    else await alterQuotas(admin, { types, names }, changes);
    if (name === '') io.out(`Completed updating default config for ${type} in the cluster.\n`);
    else io.out(`Completed updating config for ${type.slice(0, -1)} ${name}.\n`);
  } finally {
    admin.close();
  }
}
