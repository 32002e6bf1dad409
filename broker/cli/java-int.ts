const INT_MIN = -0x8000_0000;
const INT_MAX = 0x7fff_ffff;

/** Whether Java's `Integer.parseInt` takes it. */
export function isJavaInt(text: string): boolean {
  return /^[+-]?\d+$/.test(text) && Number(text) >= INT_MIN && Number(text) <= INT_MAX;
}
