/** The command line of `kafka.Kafka`: a property file, and `--override key=value` as often as one likes. Pure but for reading the file. */
import { readFileSync } from 'node:fs';
import { parseProperties } from '../../shared/settings/properties.ts';
import { FatalError } from '../settings/fatal-error.ts';

const USAGE = 'USAGE: java [options] kafka.Kafka server.properties [--override property=value]*';

const OPTIONS = `\
Option               Description                                         
------               -----------                                         
--override <String>  Optional property that should override values set in
                       server.properties file                            
--version            Print version information and exit.                 `;

/** The release whose protocol and behaviour this broker has, as the original prints it. */
const VERSION_TEXT = '3.4.0 (Commit:2e1947d240607d53)';

export type CommandLine =
  | { kind: 'run'; properties: Map<string, string> }
  /** Prints `text` to standard error (usage) or output (version) and ends. */
  | { kind: 'usage'; text: string }
  | { kind: 'version'; text: string };

/** Throws `FatalError` for what the original throws an exception for. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  if (args.length === 0 || args.includes('--help')) return { kind: 'usage', text: `${USAGE}\n${OPTIONS}` };
  if (args.includes('--version')) return { kind: 'version', text: VERSION_TEXT };
  const [file, ...rest] = args;
  const properties = readPropertyFile(file!);
  const strays: string[] = [];
  const overrides: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    if (word === '--override' || word.startsWith('--override=')) {
      const value = word === '--override' ? rest[++at] : word.slice('--override='.length);
      if (value === undefined || value === '') {
        throw new FatalError('joptsimple.OptionMissingRequiredArgumentException', 'Option override requires an argument');
      }
      overrides.push(value);
    } else if (word.startsWith('-') && word !== '-') {
      throw new FatalError(
        'joptsimple.UnrecognizedOptionException',
        `${word.replace(/^-+/, '')} is not a recognized option`,
      );
    } else {
      strays.push(word);
    }
  }
  if (strays.length > 0) return { kind: 'usage', text: `Found non argument parameters: ${strays.join(',')}\n${OPTIONS}` };
  for (const override of overrides) {
    const at = override.indexOf('=');
    // Without = the original takes the value for empty and has its parser complain; a key alone sets nothing.
    if (at > 0) properties.set(override.slice(0, at), override.slice(at + 1));
    else throw new FatalError('java.lang.IllegalArgumentException', `Invalid command line properties: ${override}`);
  }
  return { kind: 'run', properties };
}

function readPropertyFile(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FatalError('java.nio.file.NoSuchFileException', file);
    if (code === 'EACCES') throw new FatalError('java.nio.file.AccessDeniedException', file);
    throw new FatalError('java.io.IOException', message);
  }
  return parseProperties(text);
}
