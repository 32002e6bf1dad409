/** How most tools read their command line: help where it is asked for or nothing is given, the version, then what must be there. */
import { ToolExit, uncaughtExit, usageExit, VERSION_TEXT, type ToolIo } from './io.ts';
import { OptionError, parseOptions, type OptionSpec, type Options } from './options.ts';

export interface ToolSyntax {
  readonly specs: readonly OptionSpec[];
  /** What the help begins with. */
  readonly description: string;
  /** Options that have to be there. */
  readonly required?: readonly string[];
  /** What a line does that cannot be parsed: shows an exception, as a Java program that nobody catches, or the usage. */
  readonly onError?: 'exception' | 'usage';
}

export function parseTool({ specs, description, required = [], onError = 'exception' }: ToolSyntax, args: readonly string[], io: ToolIo): Options {
  let options: Options;
  try {
    options = parseOptions(specs, args);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return onError === 'usage' ? usageExit(io, specs, error.message) : uncaughtExit(io, error.exception, error.message);
  }
  if (args.length === 0 || options.has('help')) usageExit(io, specs, description);
  if (options.has('version')) {
    io.out(`${VERSION_TEXT}\n`);
    throw new ToolExit(0);
  }
  for (const name of required) if (!options.has(name)) usageExit(io, specs, `Missing required argument "[${name}]"`);
  return options;
}
