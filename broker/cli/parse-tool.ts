/** How most tools read their command line: help where it is asked for or nothing is given, the version, then what must be there. */
import { ToolExit, uncaughtExit, usageExit, VERSION_TEXT, type ToolIo } from './io.ts';
import { OptionError, parseOptions, type OptionSpec, type Options } from './options.ts';

interface LineSyntax {
  readonly specs: readonly OptionSpec[];
  /** What a line does that cannot be parsed: shows an exception, as a Java program that nobody catches, or the usage, or throws `OptionError`. */
  readonly onError?: 'exception' | 'usage' | 'throw';
}

export interface ToolSyntax extends LineSyntax {
  /** What the help begins with. */
  readonly description: string;
  /** Options that have to be there. */
  readonly required?: readonly string[];
}

export function parseTool({ description, required = [], ...line }: ToolSyntax, args: readonly string[], io: ToolIo): Options {
  const options = parseLine(line, args, io);
  if (args.length === 0 || options.has('help')) usageExit(io, line.specs, description);
  showVersion(options, io);
  for (const name of required) if (!options.has(name)) usageExit(io, line.specs, `Missing required argument "[${name}]"`);
  return options;
}

/** Only parses: for tools that look at their options in another order. */
export function parseLine({ specs, onError = 'exception' }: LineSyntax, args: readonly string[], io: ToolIo): Options {
  try {
    return parseOptions(specs, args);
  } catch (error) {
    if (!(error instanceof OptionError) || onError === 'throw') throw error;
    return onError === 'usage' ? usageExit(io, specs, error.message) : uncaughtExit(io, error.exception, error.message);
  }
}

/** Ends the tool with the version where it is asked for. */
export function showVersion(options: Options, io: ToolIo): void {
  if (!options.has('version')) return;
  io.out(`${VERSION_TEXT}\n`);
  throw new ToolExit(0);
}
