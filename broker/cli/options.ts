/**
 * Command-line options as Kafka's tools take and document them (they use JOpt Simple): one declaration per option gives
 * parsing, error texts and the two-column usage.
 *
 * `--name value`, `--name=value` and `-name value` are the same; names cannot be abbreviated; what is not an option is
 * ignored.
 */
export interface OptionSpec {
  readonly name: string;
  readonly description: string;
  readonly argument?: {
    readonly type: 'String' | 'Integer' | 'Long' | '[PREFERRED,UNCLEAN]';
    /** What the usage calls the value. */
    readonly shown?: string;
    readonly optional?: true;
    readonly default?: string;
  };
  /** The option has to be there unless that other one is. */
  readonly requiredUnless?: string;
  /** The option may be there only together with one of these. */
  readonly availableIf?: readonly string[];
}

export class OptionError extends Error {
  override readonly name = 'OptionError';
  /** The exception that Kafka's tool would show, for those that print it. */
  readonly exception: string;
  /** What stands below it in a stack trace, as `exception: message`. */
  readonly causes: readonly string[];
  constructor(exception: string, message: string, causes: readonly string[] = []) {
    super(message);
    this.causes = causes;
    this.exception = `joptsimple.${exception}`;
  }
}

/** Options every tool has. */
export const HELP: OptionSpec = { name: 'help', description: 'Print usage information.' };
export const VERSION: OptionSpec = { name: 'version', description: 'Display Kafka version.' };

const INT_MAX = 0x7fff_ffff;

export class Options {
  private readonly specs: ReadonlyMap<string, OptionSpec>;
  private readonly values: ReadonlyMap<string, readonly string[]>;
  /** The names in the order of the command line, each as often as it was there. */
  readonly order: readonly string[];
  constructor(specs: ReadonlyMap<string, OptionSpec>, values: ReadonlyMap<string, readonly string[]>, order: readonly string[] = []) {
    this.specs = specs;
    this.values = values;
    this.order = order;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** The same, with what was given as `from` to be had as `to`. */
  renamed(from: string, to: string): Options {
    const given = this.values.get(from);
    return given === undefined ? this : new Options(this.specs, new Map([...this.values, [to, given]]), this.order);
  }

  /** All values given, or the default alone. */
  all(name: string): readonly string[] {
    const given = this.values.get(name) ?? [];
    if (given.length > 0) return given;
    const fallback = this.specs.get(name)?.argument?.default;
    return fallback === undefined ? [] : [fallback];
  }

  /** The value, the default, or null. */
  one(name: string): string | null {
    const values = this.all(name);
    if (values.length > 1) {
      throw new OptionError(
        'MultipleArgumentsForOptionException',
        `Found multiple arguments for option ${name}, but you asked for only one`,
      );
    }
    return values[0] ?? null;
  }

  /** The value of an Integer or Long option. */
  number(name: string): number | null {
    const text = this.one(name);
    if (text === null) return null;
    const value = Number(text);
    const limit = this.specs.get(name)?.argument?.type === 'Integer' ? INT_MAX : Infinity;
    if (!/^[+-]?\d+$/.test(text) || value > limit || value < -limit - 1) {
      const cause = `java.lang.NumberFormatException: For input string: "${text}"`;
      const message = `Cannot parse argument '${text}' of option ${name}`;
      throw new OptionError('OptionArgumentConversionException', message, [`joptsimple.internal.ReflectionException: ${cause}`, cause]);
    }
    return value;
  }
}

/** Throws `OptionError`. */
export function parseOptions(list: readonly OptionSpec[], args: readonly string[]): Options {
  const specs = new Map(list.map((spec) => [spec.name, spec]));
  const values = new Map<string, string[]>();
  const order: string[] = [];
  const note = (name: string, value: string | null): void => {
    order.push(name);
    const known = values.get(name) ?? [];
    if (value !== null) known.push(value);
    values.set(name, known);
  };
  for (let at = 0; at < args.length; at++) {
    const token = args[at]!;
    if (token === '--') break;
    if (!token.startsWith('-') || token === '-') continue;
    const body = token.replace(/^--?/, '');
    const equals = body.indexOf('=');
    const name = equals < 0 ? body : body.slice(0, equals);
    const spec = specs.get(name);
    if (spec === undefined) {
      const shown = token.startsWith('--') ? name : name.slice(0, 1); // single dashes are taken for clusters of letters
      throw new OptionError('UnrecognizedOptionException', `${shown} is not a recognized option`);
    }
    const { argument } = spec;
    if (argument === undefined) {
      note(name, null);
    } else if (equals >= 0 && (equals < body.length - 1 || argument.optional === undefined)) {
      note(name, body.slice(equals + 1));
    } else if (argument.optional !== undefined) {
      const next = args[at + 1];
      const taken = next !== undefined && !next.startsWith('-');
      note(name, taken ? next : null);
      if (taken) at++;
    } else if (at + 1 < args.length) {
      note(name, args[++at]!);
    } else {
      throw new OptionError('OptionMissingRequiredArgumentException', `Option ${name} requires an argument`);
    }
  }
  if (!values.has('help')) {
    const missing = list.filter(
      (spec) => spec.requiredUnless !== undefined && !values.has(spec.name) && !values.has(spec.requiredUnless),
    );
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(', ');
      throw new OptionError('MissingRequiredOptionsException', `Missing required option(s) [${names}]`);
    }
  }
  const misplaced = list.filter(
    ({ name, availableIf }) => values.has(name) && availableIf?.some((other) => values.has(other)) === false,
  );
  if (misplaced.length > 0) {
    const names = misplaced.map(({ name }) => name).join(', ');
    throw new OptionError('UnavailableOptionException', `Option(s) [${names}] are unavailable given other options on the command line`);
  }
  return new Options(specs, values, order);
}

const USAGE_WIDTH = 80;
const GAP = '  ';

/** The usage: options by name on the left, what they do on the right, in at most 80 columns. */
export function formatUsage(list: readonly OptionSpec[]): string {
  const rows = [...list]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((spec) => [leftColumn(spec), rightColumn(spec)] as const);
  const widest = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const leftMax = Math.min((USAGE_WIDTH - GAP.length) / 2, widest(0));
  const rightMax = Math.min(USAGE_WIDTH - GAP.length - leftMax, widest(1));
  const lines: [string, string][] = [
    ['Option', 'Description'],
    ['------', '-----------'],
  ];
  for (const [leftText, rightText] of rows) {
    const left = wrap(leftText, leftMax);
    const right = wrap(rightText, rightMax);
    for (let at = 0; at < Math.max(left.length, right.length); at++) lines.push([left[at] ?? '', right[at] ?? '']);
  }
  const leftWidth = Math.max(...lines.map(([left]) => left.length));
  const rightWidth = Math.max(...lines.map(([, right]) => right.length));
  return lines.map(([left, right]) => `${left.padEnd(leftWidth)}${GAP}${right.padEnd(rightWidth)}\n`).join('');
}

function leftColumn({ name, argument }: OptionSpec): string {
  if (argument === undefined) return `--${name}`;
  const value = argument.shown === undefined ? argument.type : `${argument.type}: ${argument.shown}`;
  return argument.optional === undefined ? `--${name} <${value}>` : `--${name} [${value}]`;
}

function rightColumn({ description, argument }: OptionSpec): string {
  if (argument?.default === undefined) return description;
  return `${description} (default: ${argument.default})`.trimStart();
}

/** Breaks each line of `text` where a line may break; continuations are indented by two. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const source of text.trim().split('\n')) {
    let line = '';
    for (const word of source.split(LINE_BREAKS)) {
      if (line.length + word.length > width) {
        lines.push(line.trimEnd());
        line = GAP + word;
      } else {
        line += word;
      }
    }
    if (line.length > 0) lines.push(line);
  }
  return lines;
}

/**
 * Where Java's line BreakIterator allows a break, as far as the tools' texts need it: after spaces, after hyphens that end
 * something, after punctuation inside a word (not between digits), around brackets inside a word, and behind a negative
 * number.
 */
export const LINE_BREAKS = new RegExp(
  [
    /(?<=\s)(?=\S)/,
    /(?<=\w-+)(?=[^\s-])/,
    /(?<=(?:^|[\s'"`])--)(?=\w)/,
    /(?<=[\w?]:)(?=[\w(-])/,
    /(?<=[^\s\d],|\D\.,|-,)(?=\w)/,
    /(?<=,)(?=[A-Za-z<[({])/,
    /(?<=[\w)}\]"'>\\.][.;!?])(?=[A-Za-z(<[{])/,
    /(?<=[\])}])(?=[\w*|-])/,
    /(?<=[\w=)\]}|*]|\w['"])(?=[([{])/,
    /(?<=\|)(?=\()/,
    /(?<=-\d+)(?=[>A-Za-z])/,
    /(?<=%)(?=\w)/,
    /(?<='\.)(?=\*)/,
  ]
    .map(({ source }) => source)
    .join('|'),
);
