/** Which names a topic may have. Pure. */
const NAME_LENGTH_MAX = 249;

/** Why `name` is no topic name, in Kafka's words, or null. */
export function invalidTopicName(name: string): string | null {
  const why = faultOf(name);
  return why === null ? null : `Topic name is invalid: ${why}`;
}

function faultOf(name: string): string | null {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.' || name === '..') return `'${name}' is not allowed`;
  if (name.length > NAME_LENGTH_MAX)
    return `the length of '${name}' is longer than the max allowed length ${NAME_LENGTH_MAX}`;
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return null;
  return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
}

export function hasCollisionChars(name: string): boolean {
  return name.includes('_') || name.includes('.');
}

/** Metrics spell `.` and `_` alike, so two topics must differ in more than that. */
export function collide(a: string, b: string): boolean {
  return a.replaceAll('.', '_') === b.replaceAll('.', '_');
}
