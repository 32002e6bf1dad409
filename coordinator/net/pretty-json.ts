/**
 * JSON as the original's AdminServer prints it, for those who read it by eye or by line: `"key" : value`, two spaces, lists on one line.
 * 64-bit session ids are numbers of full length, which `JSON.stringify` can't write.
 */
export type Json = string | number | bigint | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function prettyJson(value: Json, indent = ''): string {
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  if (Array.isArray(value)) {
    return value.length === 0 ? '[ ]' : `[ ${(value as readonly Json[]).map((item) => prettyJson(item, indent)).join(', ')} ]`;
  }
  const inner = `${indent}  `;
  const fields = Object.entries(value as { readonly [key: string]: Json }).map(([key, field]) => `${inner}${JSON.stringify(key)} : ${prettyJson(field, inner)}`);
  return fields.length === 0 ? '{ }' : `{\n${fields.join(',\n')}\n${indent}}`;
}
