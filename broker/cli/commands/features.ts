/** kafka-features: shows and changes the feature levels of a cluster. Texts as in Kafka 3.4, inner spaces of its help included. */
import type { Admin } from '../../client/admin.ts';
import { negotiate } from '../../client/cluster.ts';
import { ConnectionError } from '../../client/errors.ts';
import { ErrorCode, errorMessage } from '../../protocol/error-codes.ts';
import { updateFeatures } from '../../protocol/messages/57-update-features.ts';
import { ArgumentError, Arguments, HelpWanted, readArguments, type ArgumentSpec } from '../argparse.ts';
import { connectAdmin } from '../connect-admin.ts';
import type { ToolIo } from '../io.ts';
import { illegalArgument, JavaError, messageOf } from '../java-exception.ts';
import { duplicatesOf } from '../json-input.ts';
import { Options } from '../options.ts';

const USAGE = `usage: kafka-features [-h] --bootstrap-server BOOTSTRAP_SERVER
                      [--command-config COMMAND_CONFIG]
                      {describe,upgrade,downgrade,disable} ...
`;
const HELP = `${USAGE}
This tool manages feature flags in Kafka.

positional arguments:
  {describe,upgrade,downgrade,disable}
    describe             Describes the current active feature flags.
    upgrade              Upgrade one or more feature flags.
    downgrade            Downgrade one or more feature flags.
    disable              Disable one or  more  feature  flags.  This is the
                         same as downgrading the version to zero.

optional arguments:
  -h, --help             show this help message and exit
  --bootstrap-server BOOTSTRAP_SERVER
                         A comma-separated list of  host:port  pairs to use
                         for  establishing  the  connection  to  the  Kafka
                         cluster.
  --command-config COMMAND_CONFIG
                         Property file containing configs  to  be passed to
                         Admin Client.
`;
const COMMON: readonly ArgumentSpec[] = [{ flag: '--bootstrap-server', required: true }, { flag: '--command-config' }];

interface Action {
  readonly help: string;
  readonly arguments: readonly ArgumentSpec[];
}

const FEATURE: ArgumentSpec = { flag: '--feature', type: 'appended' };
const LEAD = 'usage: kafka-features --bootstrap-server BOOTSTRAP_SERVER';
const OPTIONAL = 'optional arguments:\n  -h, --help             show this help message and exit\n';
const ACTIONS: Readonly<Record<string, Action>> = {
  describe: { arguments: [], help: `${LEAD} describe [-h]\n\n${OPTIONAL}` },
  upgrade: {
    arguments: [{ flag: '--metadata' }, FEATURE, { flag: '--dry-run', type: 'flag' }],
    help: `${LEAD} upgrade [-h]
                      [--metadata METADATA] [--feature FEATURE] [--dry-run]

${OPTIONAL}  --metadata METADATA    The  level  to   which   we   should  upgrade  the
                         metadata. For example, 3.3-IV3.
  --feature FEATURE      A  feature   upgrade   we   should   perform,   in
                         feature=level  format.  For   example:  \`metadata.
                         version=5\`.
  --dry-run              Validate this upgrade, but do not perform it.
`,
  },
  downgrade: {
    arguments: [{ flag: '--metadata' }, FEATURE, { flag: '--unsafe', type: 'flag' }, { flag: '--dry-run', type: 'flag' }],
    help: `${LEAD} downgrade [-h]
                      [--metadata METADATA] [--feature FEATURE] [--unsafe]
                      [--dry-run]

${OPTIONAL}  --metadata METADATA    The  level  to  which   we  should  downgrade  the
                         metadata. For example, 3.3-IV0.
  --feature FEATURE      A  feature  downgrade   we   should   perform,  in
                         feature=level  format.  For   example:  \`metadata.
                         version=5\`.
  --unsafe               Perform   this   downgrade   even    if   it   may
                         irreversibly destroy metadata.
  --dry-run              Validate this downgrade, but do not perform it.
`,
  },
  disable: {
    arguments: [FEATURE, { flag: '--unsafe', type: 'flag' }, { flag: '--dry-run', type: 'flag' }],
    help: `${LEAD} disable [-h]
                      [--feature FEATURE] [--unsafe] [--dry-run]

${OPTIONAL}  --feature FEATURE      A feature flag to disable.
  --unsafe               Disable  this  feature   flag   even   if  it  may
                         irreversibly destroy metadata.
  --dry-run              Perform a dry-run of this disable operation.
`,
  },
};

const METADATA_VERSION = 'metadata.version';
/** Levels 1, 2, … of it. */
const METADATA_VERSIONS = ['3.0-IV1', '3.1-IV0', '3.2-IV0', '3.3-IV0', '3.3-IV1', '3.3-IV2', '3.3-IV3', '3.4-IV0'];
/** Clusters may begin with it; older levels are known, and not offered. */
const OLDEST_TO_BOOTSTRAP = '3.3-IV0';
const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;
const UNSAFE_DOWNGRADE = 3;
const TIMEOUT_MS = 60_000;

export async function features(args: readonly string[], io: ToolIo): Promise<number> {
  let action = '';
  let given: Arguments;
  try {
    [action, given] = parse(args);
  } catch (error) {
    if (error instanceof HelpWanted) {
      io.out(error.message);
      return 0;
    }
    if (!(error instanceof ArgumentError)) throw error;
    io.err(`Command line error: ${error.message}. Type --help for help.\n`);
    return 1;
  }
  const values = new Map([['bootstrap-server', given.all('--bootstrap-server')], ['command-config', given.all('--command-config')]]);
  const admin = connectAdmin(new Options(new Map(), values), io);
  try {
    if (action === 'describe') await describe(admin, io);
    else await update(admin, action, given, io);
    return 0;
  } catch (error) {
    io.err(`${messageOf(error)}\n`);
    return 1;
  } finally {
    admin.close();
  }
}

/** Options of the tool stand before the action, those of the action behind it. */
function parse(args: readonly string[]): [string, Arguments] {
  const at = args.findIndex((arg, index) => !arg.startsWith('-') && !/^--(bootstrap-server|command-config)$/.test(args[index - 1] ?? ''));
  const before = at < 0 ? args : args.slice(0, at);
  if (before.some((arg) => arg === '-h' || arg === '--help')) throw new HelpWanted(HELP);
  if (at < 0) throw new ArgumentError('too few arguments');
  const name = args[at]!;
  const action = ACTIONS[name];
  if (action === undefined) {
    const names = Object.keys(ACTIONS).map((known) => `'${known}'`).join(', ');
    throw new ArgumentError(`invalid choice: '${name}' (choose from ${names})`);
  }
  const rest = args.slice(at + 1);
  if (rest.some((arg) => arg === '-h' || arg === '--help')) throw new HelpWanted(action.help);
  const specific = readArguments(action.arguments, rest);
  return [name, readArguments(COMMON, before).with(specific)];
}

async function describe(admin: Admin, io: ToolIo): Promise<void> {
  const { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch } = await admin.call('describeFeatures', async () =>
    negotiate(await admin.cluster.any()),
  );
  for (const { name, minVersion, maxVersion } of [...supportedFeatures].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const level = finalizedFeatures.find((feature) => feature.name === name)?.maxVersionLevel ?? 0;
    const shown = (value: number): string => shownLevel(name, value);
    const epoch = finalizedFeaturesEpoch < 0 ? '-' : finalizedFeaturesEpoch;
    io.out(
      `Feature: ${name}\tSupportedMinVersion: ${shown(minVersion)}\tSupportedMaxVersion: ${shown(maxVersion)}\t` +
        `FinalizedVersionLevel: ${shown(level)}\tEpoch: ${epoch}\n`,
    );
  }
}

function shownLevel(feature: string, level: number): string {
  return feature === METADATA_VERSION ? (METADATA_VERSIONS[level - 1] ?? `UNKNOWN [${level}]`) : String(level);
}

async function update(admin: Admin, action: string, given: Arguments, io: ToolIo): Promise<void> {
  const levels = levelsOf(action, given);
  if (levels.size === 0) throw illegalArgument(`You must specify at least one feature to ${action}`);
  const upgradeType = action === 'upgrade' ? UPGRADE : given.has('--unsafe') ? UNSAFE_DOWNGRADE : SAFE_DOWNGRADE;
  const dryRun = given.has('--dry-run');
  const refusals = await send(admin, levels, upgradeType, dryRun);
  for (const [feature, level] of [...levels].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const refusal = refusals.get(feature);
    const act = action === 'disable' ? `disable ${feature}` : `${action} ${feature} to ${level}`;
    const done = action === 'disable' ? 'disabled.' : `${action}d to ${level}.`;
    if (refusal === undefined) io.out(`${feature} ${dryRun ? 'can be' : 'was'} ${done}\n`);
    else io.out(`Could not ${act}. ${refusal}\n`);
  }
  if (refusals.size > 0) throw illegalArgument(`${refusals.size} out of ${levels.size} operation(s) failed.`);
}

/** Feature → level. */
function levelsOf(action: string, given: Arguments): Map<string, number> {
  const levels = new Map<string, number>();
  const metadata = given.one('--metadata');
  if (metadata !== null) {
    const level = METADATA_VERSIONS.indexOf(metadata) + 1 || METADATA_VERSIONS.findLastIndex((known) => known.startsWith(`${metadata}-`)) + 1;
    if (level === 0) {
      const supported = METADATA_VERSIONS.slice(METADATA_VERSIONS.indexOf(OLDEST_TO_BOOTSTRAP));
      throw illegalArgument(`Unsupported metadata version ${metadata}. Supported metadata versions are ${supported.join(', ')}`);
    }
    levels.set(METADATA_VERSION, level);
  }
  const pairs = given.all('--feature').map((text) => (action === 'disable' ? ([text, 0] as const) : readLevel(text)));
  const names = [...levels.keys(), ...pairs.map(([name]) => name)];
  for (const name of duplicatesOf(names)) throw new JavaError('java.lang.RuntimeException', `Feature ${name} was specified more than once.`);
  for (const [name, level] of pairs) levels.set(name, level);
  return levels;
}

function readLevel(text: string): readonly [string, number] {
  const equals = text.indexOf('=');
  const fail = (why: string): never => {
    throw new JavaError('java.lang.RuntimeException', `Can't parse feature=level string ${text}: ${why}`);
  };
  if (equals < 0) return fail('equals sign not found.');
  const level = text.slice(equals + 1).trim();
  if (!/^[+-]?\d{1,5}$/.test(level)) return fail(`unable to parse ${level} as a short.`);
  return [text.slice(0, equals).trim(), Number(level)];
}

/** Returns the refusals by feature. */
async function send(
  admin: Admin,
  levels: ReadonlyMap<string, number>,
  upgradeType: number,
  validateOnly: boolean,
): Promise<Map<string, string>> {
  const featureUpdates = [...levels].map(([feature, maxVersionLevel]) => {
    return { feature, maxVersionLevel, allowDowngrade: upgradeType !== UPGRADE, upgradeType };
  });
  const all = (message: string): Map<string, string> => new Map([...levels.keys()].map((feature) => [feature, message]));
  try {
    const answer = await admin.call('updateFeatures', async () => {
      const response = await admin.toController(updateFeatures, { timeoutMs: TIMEOUT_MS, featureUpdates, validateOnly });
      if (response.errorCode === ErrorCode.NOT_CONTROLLER) admin.check(response.errorCode, response.errorMessage);
      return response;
    });
    if (answer.errorCode !== ErrorCode.NONE) return all(answer.errorMessage ?? errorMessage(answer.errorCode));
    const refused = answer.results.filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
    return new Map(refused.map(({ feature, errorCode, errorMessage: message }) => [feature, message ?? errorMessage(errorCode)]));
  } catch (error) {
    if (error instanceof ConnectionError && error.code === 'UNSUPPORTED_VERSION') return all('The broker does not support UPDATE_FEATURES');
    throw error;
  }
}
