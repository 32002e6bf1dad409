/** Doubles as Java reads and prints them. */

const PLAIN_MIN = 1e-3;
const PLAIN_MAX = 1e7;

/** `Double.toString`: always with a decimal, very large and very small ones as `1.0E7`. */
export function formatJavaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const isPlain = Math.abs(value) >= PLAIN_MIN && Math.abs(value) < PLAIN_MAX;
  const [digits = '', exponent] = (isPlain ? String(value) : value.toExponential()).split('e');
  const decimal = digits.includes('.') ? digits : `${digits}.0`;
  return exponent === undefined ? decimal : `${decimal}E${Number(exponent)}`;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/;
const NAMED = /^[+-]?(?:NaN|Infinity)$/;

/** `Double.parseDouble`, without hexadecimal numbers; null for what is no number. */
export function parseJavaDouble(text: string): number | null {
  const trimmed = text.trim();
  if (NAMED.test(trimmed)) return Number(trimmed.replace(/^[+-]NaN$/, 'NaN'));
  return DECIMAL.test(trimmed) ? Number(trimmed.replace(/[dDfF]$/, '')) : null;
}
