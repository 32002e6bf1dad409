/** Dates and durations of the command line, as Java's tools read them. */
import { JavaError } from './java-exception.ts';

/** `YYYY-MM-DDTHH:mm:SS.sss`, with a zone (`Z`, `+01`, `+0100`, `+01:00`) or else in UTC. */
export function dateTimeMs(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,3})(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text);
  const zone = match?.[2] ?? 'Z';
  const shown = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  const at = match === null ? NaN : Date.parse(`${match[1]!}${shown}`);
  if (!Number.isNaN(at)) return at;
  throw new JavaError(
    'java.text.ParseException',
    text.includes('T') ? `Unparseable date: "${text}"` : "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
  );
}

const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1000];

/** `PnDTnHnMnS`, as `java.time.Duration` reads it. */
export function durationMs(text: string): number {
  const match = /^([+-]?)P(?:([+-]?\d+)D)?(T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:[.,]\d{0,9})?)S)?)?$/i.exec(text);
  const parts = match === null ? [] : [match[2], match[4], match[5], match[6]?.replace(',', '.')];
  if (match === null || parts.every((part) => part === undefined) || match[3] === 'T') {
    throw new JavaError('java.time.format.DateTimeParseException', 'Text cannot be parsed to a Duration');
  }
  const sum = parts.reduce((total, part, at) => total + Number(part ?? 0) * UNITS_MS[at]!, 0);
  return match[1] === '-' ? -sum : sum;
}

/** A date in a pattern of `java.text.SimpleDateFormat`, as far as numbers go: y M d H h m s S, and texts in quotes. */
export function formatDate(atMs: number, pattern: string): string {
  const at = new Date(atMs);
  const fields: Readonly<Record<string, number>> = {
    y: at.getFullYear(),
    M: at.getMonth() + 1,
    d: at.getDate(),
    H: at.getHours(),
    h: at.getHours() % 12 || 12,
    m: at.getMinutes(),
    s: at.getSeconds(),
    S: at.getMilliseconds(),
  };
  return pattern.replace(/'([^']*)'|([A-Za-z])\2*/g, (run: string, quoted: string | undefined, letter: string | undefined) => {
    if (letter === undefined) return quoted === '' ? "'" : (quoted ?? '');
    const value = fields[letter];
    if (value === undefined) throw new JavaError('java.lang.IllegalArgumentException', `Illegal pattern character '${letter}'`);
    const text = String(value).padStart(run.length, '0');
    return letter === 'y' && run.length === 2 ? text.slice(-2) : text;
  });
}
