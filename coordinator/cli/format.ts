/** How the shell prints what it reads: Stat, dates, rights, as ZooKeeper's shell does. */
import type { Acl } from '../../shared/znode/acl.ts';
import { Perms } from '../../shared/znode/acl.ts';
import type { Stat } from '../../shared/znode/stat.ts';
import { EventType, KeeperState } from '../../shared/znode/watch-event.ts';
import type { ClientEvent } from '../../shared/client/client.ts';

export function formatStat(stat: Stat): string {
  return [
    `cZxid = ${hex(stat.czxid)}`,
    `ctime = ${formatJavaDate(stat.ctime)}`,
    `mZxid = ${hex(stat.mzxid)}`,
    `mtime = ${formatJavaDate(stat.mtime)}`,
    `pZxid = ${hex(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = 0x${BigInt.asUintN(64, stat.ephemeralOwner).toString(16)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
    '',
  ].join('\n');
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;

/** `Sun Nov 22 11:07:01 UTC 2026`, as `java.util.Date.toString()`. */
export function formatJavaDate(ms: number): string {
  const date = new Date(ms);
  const [weekday, month, day, year, time] = date.toString().split(' ');
  return `${weekday} ${month} ${day} ${time} ${zoneName(date)} ${year}`;
}

/** The zone's abbreviation. Each locale knows only those of its own part of the world: `EST` is American, `CET` British. */
function zoneName(date: Date): string {
  let name = 'UTC';
  for (const locale of ['en-US', 'en-GB', 'en-AU', 'en-IN']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    name = parts.find((part) => part.type === 'timeZoneName')?.value ?? name;
    if (!name.startsWith('GMT') || name === 'GMT') return name;
  }
  return name;
}

const LETTERS = [
  ['c', Perms.CREATE],
  ['d', Perms.DELETE],
  ['r', Perms.READ],
  ['w', Perms.WRITE],
  ['a', Perms.ADMIN],
] as const;

function formatPerms(perms: number): string {
  return LETTERS.filter(([, bit]) => (perms & bit) !== 0)
    .map(([letter]) => letter)
    .join('');
}

/** What the original's records print of characters that separate their parts (`ToStringOutputArchive`). */
const escaped = (text: string): string => text.replace(/[\0\n\r,}%]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

export function formatAcl({ perms, id }: Acl): string {
  return `'${escaped(id.scheme)},'${escaped(id.id)}\n: ${formatPerms(perms)}\n`;
}

/** A list as Java prints it: `[a, b]`. */
export function formatList(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

/** Znode data is text in the shell; none at all prints as null. */
export function formatData(data: Uint8Array | null): string {
  return data === null ? 'null' : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}

const TYPE_NAMES = new Map<number, string>(Object.entries(EventType).map(([name, value]) => [value, name]));
const STATE_NAMES = new Map<number, string>(Object.entries(KeeperState).map(([name, value]) => [value, name]));

export function formatEvent(event: ClientEvent): string {
  const path = event.type === EventType.None ? 'null' : event.path;
  return `WatchedEvent state:${STATE_NAMES.get(event.state)} type:${TYPE_NAMES.get(event.type)} path:${path}`;
}

/**
 * Reads `scheme:id:perms[,…]`. What is malformed is left out and told through `warn`, as the original does: a list that
 * becomes empty is then refused.
 */
export function parseAcl(text: string, warn: (message: string) => void): Acl[] {
  const acl: Acl[] = [];
  for (const part of text.split(',')) {
    const first = part.indexOf(':');
    const last = part.lastIndexOf(':');
    if (first === last) {
      warn(`${part} does not have the form scheme:id:perm`);
      continue;
    }
    let perms = 0;
    for (const letter of part.slice(last + 1)) {
      const known = LETTERS.find(([each]) => each === letter);
      if (known === undefined) warn(`Unknown perm type: ${letter}`);
      else perms |= known[1];
    }
    acl.push({ perms, id: { scheme: part.slice(0, first), id: part.slice(first + 1, last) } });
  }
  return acl;
}
