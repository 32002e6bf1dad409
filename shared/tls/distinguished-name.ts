/**
 * The name of a certificate's subject as Java prints it (`X500Principal.getName()`, RFC 2253): access lists name clients by exactly that
 * text. The last part comes first, attributes that RFC 2253 has no keyword for are numbers with their DER in hex.
 */
import type { DerValue } from './der.ts';
import { childOf, childrenOf, readDer, readOid } from './der.ts';

const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
};
/** UTF8String, PrintableString, T61String, IA5String, GeneralString, UniversalString, BMPString. */
const STRING_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16, 0x1b, 0x1c, 0x1e]);
const VERSION_TAG = 0xa0;

/** The subject of a certificate (its DER). Throws `DerError`. */
export function subjectName(certificate: Buffer): string {
  const body = childrenOf(childOf(readDer(certificate), 0));
  // version (absent in the oldest), serial number, signature, issuer, validity, subject
  const subject = body[body[0]?.tag === VERSION_TAG ? 5 : 4];
  return subject === undefined ? '' : formatName(subject);
}

/** A Name (SEQUENCE of SETs of attributes) as RFC 2253 text. */
export function formatName(name: DerValue): string {
  return childrenOf(name)
    .reverse()
    .map((part) => childrenOf(part).map(formatAttribute).join('+'))
    .join(',');
}

function formatAttribute(attribute: DerValue): string {
  const oid = readOid(childOf(attribute, 0));
  const value = childOf(attribute, 1);
  const keyword = KEYWORDS[oid];
  if (keyword === undefined || !STRING_TAGS.has(value.tag)) return `${keyword ?? oid}=#${value.whole.toString('hex')}`;
  return `${keyword}=${escape(value.content.toString('utf8'))}`;
}

function escape(text: string): string {
  return text
    .replace(/[,=+<>#;"\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ \r]+|[ \r]+$/g, (blanks) => blanks.replace(/[ \r]/g, '\\$&'));
}

const ATTRIBUTE_TYPE = /^(?:[A-Za-z][\w-]*|(?:OID\.)?\d+(?:\.\d+)+)$/;

/** May an access list have `text` as a name? Parts are `type=value`, a value is escaped, quoted or hex. */
export function isDistinguishedName(text: string): boolean {
  if (text === '') return true;
  let part = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (!quoted && (char === ',' || char === ';' || char === '+')) {
      if (!isAttribute(part)) return false;
      part = '';
      continue;
    }
    part += char;
    if (char === '"') quoted = !quoted;
    if (char === '\\') {
      if (++i === text.length) return false;
      part += 'x';
    }
  }
  return !quoted && isAttribute(part);
}

/** What is escaped in it has become a letter. */
function isAttribute(part: string): boolean {
  const at = part.indexOf('=');
  if (at < 0 || !ATTRIBUTE_TYPE.test(part.slice(0, at).trim())) return false;
  const value = part.slice(at + 1).trim();
  if (value.startsWith('"')) return value.indexOf('"', 1) === value.length - 1;
  return value.startsWith('#') ? /^#(?:[0-9A-Fa-f]{2})+$/.test(value) : !value.includes('=') && !value.includes('"');
}
