/**
 * Options of a shell command as the original reads them (commons-cli's DefaultParser): short ones, anywhere among the
 * arguments, bundled (`-sw`), with a value (`-v 3`, `-v3`, `-v=3`); `--` ends them. Error texts are the original's.
 */
import { CliError } from './cli-error.ts';

export interface OptionRules {
  /** Letters of options without a value. */
  flags?: string;
  /** Letters of options that take one. */
  valued?: string;
  /** Options of more than a letter, after one dash too, that take a value: `-add …`. */
  words?: readonly string[];
}

export interface ParsedOptions {
  has(option: string): boolean;
  value(option: string): string | undefined;
  /** What is no option; the command's own name first. */
  args: readonly string[];
}

/** Throws `CliError`. */
export function parseOptions(argv: readonly string[], { flags = '', valued = '', words = [] }: OptionRules): ParsedOptions {
  const found = new Map<string, string>();
  const args: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i]!;
    if (token === '--') {
      args.push(...argv.slice(i + 1));
      break;
    }
    if (token.length < 2 || !token.startsWith('-')) {
      args.push(token);
      continue;
    }
    const [, word = '', attachedToWord] = /^--?([^=]*)(?:=(.*))?$/s.exec(token) ?? [];
    if (words.includes(word)) {
      const value = attachedToWord ?? argv[++i];
      if (value === undefined) throw new CliError(`org.apache.commons.cli.MissingArgumentException: Missing argument for option: ${word}`);
      found.set(word, value);
      continue;
    }
    for (let at = 1; at < token.length; at++) {
      const letter = token[at]!;
      if (flags.includes(letter)) {
        found.set(letter, '');
        continue;
      }
      if (!valued.includes(letter)) throw new CliError(`org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: ${token}`);
      const attached = token.slice(at + 1).replace(/^=/, '');
      const value = attached === '' ? argv[++i] : attached;
      if (value === undefined) throw new CliError(`org.apache.commons.cli.MissingArgumentException: Missing argument for option: ${letter}`);
      found.set(letter, value);
      break;
    }
  }
  return { has: (letter) => found.has(letter), value: (letter) => found.get(letter), args };
}

/** Reads an int; the original ends with a Java exception here, we say what is wrong. */
export function parseInt32(letter: string, text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || value < -0x8000_0000 || value > 0x7fff_ffff) throw new CliError(`-${letter} argument must be an int value`);
  return value;
}
