/** What a command of the shell is: one file in `commands/` each, one line in `commands/index.ts`. */
import type { CoordinatorClient, WatchCallback } from '../../shared/client/client.ts';
import { CliError } from './cli-error.ts';
import type { OptionRules, ParsedOptions } from './options.ts';
import { parseOptions } from './options.ts';

/** What a command works with. */
export interface CommandContext {
  /** Connected, or about to be. */
  readonly client: CoordinatorClient;
  /** Prints as it is: lines bring their own ends. */
  out(text: string): void;
  /** Prints a line on standard error. */
  err(line: string): void;
  /** Prints events; the same function for all watches, so that an event is printed once. */
  readonly watch: WatchCallback;
  /** As the only command of a line: waits until the user has had enough, or the session is over. In a conversation: not at all. */
  untilInterrupted(): Promise<void>;
}

export interface Command {
  readonly name: string;
  /** Arguments as the usage shows them. */
  readonly usage: string;
  /** Throws `CliError` or `CoordinatorError`. `argv[0]` is the command's name. */
  run(argv: readonly string[], context: CommandContext): Promise<void>;
}

/** Parses `argv` by `rules` and asks for at least `argsMin` arguments after the name; else the error is the command's usage. */
export function parseFor(command: Command, argv: readonly string[], rules: OptionRules, argsMin: number): ParsedOptions {
  const options = parseOptions(argv, rules);
  if (options.args.length < argsMin + 1) throw new CliError(`${command.name} ${command.usage}`);
  return options;
}

/**
 * The older form `get path watch`, where any second argument meant a watch: still understood, and told that it is outdated.
 * `better` is the form that replaces it.
 */
export function withOldWatchForm(
  command: Command,
  argv: readonly string[],
  rules: OptionRules,
  better: string,
  context: CommandContext,
): ParsedOptions {
  const options = parseFor(command, argv, rules, 0);
  if (options.args.length <= 2) return options;
  context.err(`'${command.name} path [watch]' has been deprecated. Please use '${command.name} ${better}' instead.`);
  const rewritten = [...argv];
  rewritten[2] = '-w';
  return parseFor(command, rewritten, rules, 0);
}

/** The path that a command is about, after its name. */
export function pathArgument(command: Command, options: ParsedOptions): string {
  const path = options.args[1];
  if (path === undefined) throw new CliError(`${command.name} ${command.usage}`);
  return path;
}
