/**
 * Reads `.properties` files as Java does (`java.util.Properties.load`): `key=value`, `key: value` or `key value`, comments
 * with `#` or `!`, a backslash at the end of a line joins it with the next, and `\t \n \r \f \uXXXX` and other escapes. A key
 * that comes twice has its last value. Parsing never fails, except on a broken `\u` escape, as there.
 */
import { SettingError } from './schema.ts';

/** The keys of `text` in order of first appearance. Throws `SettingError` on a malformed `\uXXXX`. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const separator = findSeparator(line);
    properties.set(unescape(line.slice(0, separator.keyEnd)), unescape(line.slice(separator.valueStart)));
  }
  return properties;
}

/**
 * Reads one `key=value` given on a command line as `--override` takes it: cut at the first `=`, trimmed. An absent `=` is an
 * error, an empty value is not. Throws `SettingError`.
 */
export function parseOverride(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(at, 0)).trim();
  if (at < 0 || key === '') throw new SettingError(`Invalid command line properties: ${text} (expected key=value)`);
  return [key, text.slice(at + 1).trim()];
}

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t' || char === '\f';

/** Lines as Java sees them: comments and blank ones dropped, continued ones joined, leading blanks cut (also of continuations). */
function* logicalLines(text: string): Generator<string> {
  let joined: string | null = null;
  for (const natural of text.split(/\r\n|[\n\r]/)) {
    let start = 0;
    while (isBlank(natural[start])) start++;
    const line = natural.slice(start);
    // Only a line that starts anew can be a comment or nothing: inside a continuation `#` is text.
    if (joined === null && (line === '' || line[0] === '#' || line[0] === '!')) continue;

    if (endsWithOddBackslashes(line)) {
      joined = (joined ?? '') + line.slice(0, -1);
      continue;
    }
    const whole: string = (joined ?? '') + line;
    joined = null;
    if (whole !== '') yield whole;
  }
  if (joined !== null && joined !== '') yield joined;
}

function endsWithOddBackslashes(line: string): boolean {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

/** The key ends at the first unescaped blank, `=` or `:`; around one `=` or `:` blanks don't count. */
function findSeparator(line: string): { keyEnd: number; valueStart: number } {
  let keyEnd = 0;
  while (keyEnd < line.length && !isBlank(line[keyEnd]) && line[keyEnd] !== '=' && line[keyEnd] !== ':') {
    keyEnd += line[keyEnd] === '\\' ? 2 : 1;
  }
  keyEnd = Math.min(keyEnd, line.length);

  let valueStart = keyEnd;
  while (isBlank(line[valueStart])) valueStart++;
  if (line[valueStart] === '=' || line[valueStart] === ':') valueStart++;
  while (isBlank(line[valueStart])) valueStart++;
  return { keyEnd, valueStart };
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u(.{0,4})|([\s\S]?))/g, (_all, hex: string | undefined, char: string | undefined) => {
    if (hex === undefined) return ESCAPES[char!] ?? char!;
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) {
      throw new SettingError(`Malformed \\uxxxx encoding: "\\u${hex}" should have four hexadecimal digits, in ${JSON.stringify(text)}`);
    }
    return String.fromCharCode(parseInt(hex, 16));
  });
}
