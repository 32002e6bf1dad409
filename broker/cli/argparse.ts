/**
 * Command lines of those tools of Kafka that use argparse4j instead of JOpt Simple: `--name value`, `--name=value`, values of
 * a list up to the next flag. A tool declares its arguments; the texts of its usage and help stand in the tool, to the letter
 * as the original prints them (that library justifies its lines by inner spaces).
 */
import { ToolExit, type ToolIo } from './io.ts';
import { LINE_BREAKS } from './options.ts';

export interface ArgumentSpec {
  /** `--topic`. */
  readonly flag: string;
  /** `list` takes all values up to the next flag; `appended` may come several times. */
  readonly type?: 'String' | 'Integer' | 'Long' | 'Double' | 'flag' | 'list' | 'appended';
  readonly required?: true;
  readonly default?: string;
  readonly choices?: readonly string[];
  /** Exactly one of a group has to be given. */
  readonly group?: string;
}

export interface ArgumentSyntax {
  /** As it stands in front of errors. */
  readonly program: string;
  readonly usage: string;
  readonly help: string;
  readonly arguments: readonly ArgumentSpec[];
}

export class Arguments {
  private readonly values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.values = values;
  }

  has(flag: string): boolean {
    return this.values.has(flag);
  }

  /** These and others together. */
  with(others: Arguments): Arguments {
    return new Arguments(new Map([...this.values, ...others.values]));
  }

  all(flag: string): readonly string[] {
    return this.values.get(flag) ?? [];
  }

  one(flag: string): string | null {
    return this.values.get(flag)?.at(-1) ?? null;
  }

  number(flag: string): number | null {
    const text = this.one(flag);
    return text === null ? null : Number(text);
  }
}

/** A wrong command line; the message is argparse4j's, in one line. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

const WIDTH = 75;

/** Parses; on `-h` or a wrong line it says so as the original does, and throws `ToolExit`. */
export function parseArguments(syntax: ArgumentSyntax, args: readonly string[], io: ToolIo, helpStatus = 1): Arguments {
  try {
    return readArguments(syntax.arguments, args);
  } catch (error) {
    if (error instanceof HelpWanted) {
      io.out(syntax.help);
      throw new ToolExit(helpStatus);
    }
    if (!(error instanceof ArgumentError)) throw error;
    io.err(`${syntax.usage}${justified(`${syntax.program}: error: ${error.message}`)}\n`);
    throw new ToolExit(1);
  }
}

/** `-h` or `--help` was given. */
export class HelpWanted extends Error {
  override readonly name = 'HelpWanted';
}

/** Throws `ArgumentError` and `HelpWanted`. */
export function readArguments(specs: readonly ArgumentSpec[], args: readonly string[]): Arguments {
  const byFlag = new Map(specs.map((spec) => [spec.flag, spec]));
  const values = new Map<string, string[]>();
  for (const { flag, default: fallback } of specs) if (fallback !== undefined) values.set(flag, [fallback]);
  const given = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const token = args[at]!;
    if (token === '-h' || token === '--help') throw new HelpWanted();
    const equals = token.startsWith('--') ? token.indexOf('=') : -1;
    const flag = equals < 0 ? token : token.slice(0, equals);
    const spec = byFlag.get(flag);
    if (spec === undefined) throw new ArgumentError(`unrecognized arguments: '${token}'`);
    const rival = spec.group === undefined ? undefined : specs.find((other) => other.group === spec.group && other !== spec && given.has(other.flag));
    if (rival !== undefined) throw new ArgumentError(`argument ${flag}: not allowed with argument ${rival.flag}`);
    given.add(flag);
    if (spec.type === 'flag') {
      values.set(flag, ['true']);
      continue;
    }
    const taken = equals < 0 ? [] : [token.slice(equals + 1)];
    const most = spec.type === 'list' ? Number.POSITIVE_INFINITY : 1;
    while (taken.length < most && at + 1 < args.length && !isFlag(args[at + 1]!)) taken.push(args[++at]!);
    if (taken.length === 0) throw new ArgumentError(`argument ${flag}: expected ${spec.type === 'list' ? 'at least ' : ''}one argument`);
    for (const text of taken) checkValue(spec, text);
    values.set(flag, spec.type === 'appended' ? [...(values.get(flag) ?? []), ...taken] : taken);
  }
  // The original begins at the last one declared.
  const missing = specs.findLast(({ flag, required }) => required === true && !given.has(flag));
  if (missing !== undefined) throw new ArgumentError(`argument ${missing.flag} is required`);
  for (const group of new Set(specs.flatMap((spec) => (spec.group === undefined ? [] : [spec.group])))) {
    const members = specs.filter((spec) => spec.group === group).map(({ flag }) => flag);
    if (!members.some((flag) => given.has(flag))) throw new ArgumentError(`one of the arguments ${members.join(' ')} is required`);
  }
  return new Arguments(values);
}

/** A negative number is a value. */
function isFlag(token: string): boolean {
  return token.startsWith('-') && !/^-\d/.test(token);
}

function checkValue({ flag, type, choices }: ArgumentSpec, text: string): void {
  if (type === 'Integer' || type === 'Long' || type === 'Double') {
    const fine = type === 'Double' ? text.trim() !== '' && Number.isFinite(Number(text)) : /^[+-]?\d+$/.test(text);
    const large = type === 'Integer' && Math.abs(Number(text)) > 0x7fff_ffff;
    if (!fine || large) throw new ArgumentError(`argument ${flag}: could not convert '${text}' to ${type} (For input string: "${text}")`);
  }
  if (choices !== undefined && !choices.includes(text)) {
    throw new ArgumentError(`argument ${flag}: invalid choice: '${text}' (choose from {${choices.join(',')}})`);
  }
}

/** Lines of at most 75 columns, all but the last filled up with spaces between words. */
export function justified(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(LINE_BREAKS)) {
    if ((line + piece).trimEnd().length > WIDTH && line !== '') {
      lines.push(filled(line.trimEnd()));
      line = '';
    }
    line += piece;
  }
  return [...lines, line].join('\n');
}

/** Each gap gets its share of the spaces; what is left over goes to those in the middle. */
function filled(line: string): string {
  const words = line.split(/ +/);
  const gaps = words.length - 1;
  if (gaps < 1) return line;
  const spaces = WIDTH - words.reduce((sum, word) => sum + word.length, 0);
  const share = Math.floor(spaces / gaps);
  const more = spaces % gaps;
  const first = Math.ceil((gaps - more) / 2);
  return words
    .map((word, at) => (at === gaps ? word : word + ' '.repeat(share + (at >= first && at < first + more ? 1 : 0))))
    .join('');
}
