/** Which options of kafka-consumer-groups go together. Pure, but for what it says. */
import { usageExit, type ToolIo } from '../io.ts';
import type { Options } from '../options.ts';
import { showVersion } from '../parse-tool.ts';
import { options as specs } from './consumer-groups-options.ts';

const ACTIONS = ['list', 'describe', 'delete', 'reset-offsets', 'delete-offsets'] as const;
export type Action = (typeof ACTIONS)[number];

/** In the order in which Kafka names them. */
export const SCENARIOS = [
  'to-offset',
  'shift-by',
  'to-datetime',
  'by-duration',
  'to-earliest',
  'to-latest',
  'to-current',
  'from-file',
] as const;

/** Ends the tool when something is missing or contradicts. */
export function checkOptions(options: Options, io: ToolIo): Action {
  const die = (message: string): never => usageExit(io, specs, message);
  const asked = ACTIONS.filter((action) => options.has(action));
  const needOne = (name: string): void => {
    if (!options.has('group') && !options.has('all-groups')) {
      die(`Option [${name}] takes one of these options: [group], [all-groups]`);
    }
  };
  if (!options.has('bootstrap-server')) die('Missing required argument "[bootstrap-server]"');
  if (options.has('describe')) {
    needOne('describe');
    const views = ['members', 'offsets', 'state'].filter((name) => options.has(name));
    if (views.length > 1) die('Option [describe] takes at most one of these options: [members], [offsets], [state]');
    if (options.one('state') !== null) die('Option [describe] does not take a value for [state]');
  }
  if (options.has('delete')) {
    needOne('delete');
    if (options.has('topic')) die('The consumer does not support topic-specific offset deletion from a consumer group.');
  }
  if (options.has('delete-offsets') && !(options.has('group') && options.has('topic'))) {
    die('Option [delete-offsets] takes the following options: [group], [topic]');
  }
  if (options.has('reset-offsets')) checkReset(options, io, die, needOne);
  checkInvalid(options, die);
  if (options.has('help')) {
    die(
      'This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer ' +
        'group offsets.',
    );
  }
  showVersion(options, io);
  if (asked.length !== 1) {
    die('Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets');
  }
  return asked[0]!;
}

function checkReset(options: Options, io: ToolIo, die: (text: string) => never, needOne: (name: string) => void): void {
  if (options.has('dry-run') && options.has('execute')) {
    die('Option [reset-offsets] only accepts one of [execute] and [dry-run]');
  }
  if (!options.has('dry-run') && !options.has('execute')) {
    io.err(
      'WARN: No action will be performed as the --execute option is missing.In a future major release, the default behavior of ' +
        'this command will be to prompt the user before executing the reset rather than doing a dry run. You should add the ' +
        '--dry-run option explicitly if you are scripting this command and want to keep the current default behavior without ' +
        'prompting.\n',
    );
  }
  needOne('reset-offsets');
  for (const used of SCENARIOS) {
    if (!options.has(used)) continue;
    for (const other of SCENARIOS) {
      if (other !== used && options.has(other)) die(`Option "[${used}]" can't be used with option "[${other}]"`);
    }
  }
}

function checkInvalid(options: Options, die: (text: string) => never): void {
  const refuse = (used: string, others: readonly string[]): void => {
    if (!options.has(used)) return;
    for (const other of others) if (options.has(other)) die(`Option "[${used}]" can't be used with option "[${other}]"`);
  };
  refuse('group', ['all-groups', 'list']);
  refuse('topic', ['list', 'describe']);
}
