/**
 * Who may do what: the authentication schemes, the identities of a session, and the access list that a create or a setACL
 * really stores (`AuthenticationProvider`, `PrepRequestProcessor.fixupACL`).
 *
 * A session's identities start with its address (`ip`) and grow by successful `auth` requests. `super` may do anything.
 */
import { createHash } from 'node:crypto';
import { isDistinguishedName } from '../../shared/tls/distinguished-name.ts';
import type { Acl, Id } from '../../shared/znode/acl.ts';

export interface AccessRules {
  /** `skipACL=yes`: nothing is checked. */
  readonly skip: boolean;
  /** `super:<digest>` of `DigestAuthenticationProvider.superDigest`, or null. */
  readonly superDigest: string | null;
  /** `DigestAuthenticationProvider.digestAlg`, as node:crypto names it. */
  readonly digestAlgorithm: string;
  /** Schemes that an access list may name besides `world`: those whose provider is there (`ProviderRegistry`). */
  readonly providers: ReadonlySet<string>;
  /** `letAnySaslUserDoX`: in an access list this SASL name stands for every one. */
  readonly anySaslName: string | null;
}

export const DEFAULT_ACCESS_RULES: AccessRules = { skip: false, superDigest: null, digestAlgorithm: 'sha1', providers: new Set(['ip', 'digest']), anySaslName: null };

/** Schemes an access list may name, and whether `auth:` stands for identities of that scheme. */
const SCHEMES: Readonly<Record<string, { authenticates: boolean; isValid(id: string): boolean }>> = {
  world: { authenticates: false, isValid: (id) => id === 'anyone' },
  digest: { authenticates: true, isValid: (id) => id.split(':').length === 2 },
  ip: { authenticates: false, isValid: (id) => parseCidr(id) !== null },
  x509: { authenticates: true, isValid: isDistinguishedName },
  sasl: { authenticates: true, isValid: isPrincipal },
  ensemble: { authenticates: false, isValid: () => false },
};

/** A name without a realm, or `user[/host]@REALM` (`KerberosName`). */
function isPrincipal(id: string): boolean {
  return !id.includes('@') || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(id);
}

/** True when one of `ids` holds any of `perms` in `acl`. */
export function isAllowed(rules: AccessRules, acl: readonly Acl[], perms: number, ids: readonly Id[]): boolean {
  if (rules.skip || acl.length === 0) return true;
  for (const { perms: granted, id } of acl) {
    if ((granted & perms) !== 0 && id.scheme === 'world' && id.id === 'anyone') return true;
  }
  for (const own of ids) {
    if (own.scheme === 'super') return true;
    for (const { perms: granted, id } of acl) {
      if ((granted & perms) !== 0 && id.scheme === own.scheme && matches(rules, own, id.id)) return true;
    }
  }
  return false;
}

function matches(rules: AccessRules, own: Id, entry: string): boolean {
  if (own.scheme === 'ip') return isInCidr(own.id, entry);
  return own.id === entry || (own.scheme === 'sasl' && entry === rules.anySaslName);
}

/** The access list to store for `acl`: `auth:` entries become the session's identities. Null when it is not valid. */
export function fixAcl(rules: AccessRules, acl: readonly Acl[], ids: readonly Id[]): readonly Acl[] | null {
  if (acl.length === 1 && acl[0]!.id.scheme === 'world' && acl[0]!.id.id === 'anyone') return acl;
  const fixed: Acl[] = [];
  const seen = new Set<string>();
  const add = (entry: Acl): void => {
    const key = `${entry.perms} ${entry.id.scheme} ${entry.id.id}`;
    if (seen.has(key)) return;
    seen.add(key);
    fixed.push(entry);
  };
  for (const entry of acl) {
    const { scheme, id } = entry.id;
    if (scheme === 'auth') {
      const own = ids.filter((candidate) => SCHEMES[candidate.scheme]?.authenticates === true);
      if (own.length === 0) return null;
      for (const identity of own) add({ perms: entry.perms, id: identity });
    } else if ((scheme === 'world' || rules.providers.has(scheme)) && SCHEMES[scheme]!.isValid(id)) {
      add(entry);
    } else {
      return null;
    }
  }
  return fixed.length === 0 ? null : fixed;
}

/** `user:BASE64(SHA1(user:password))`, the identity that `user:password` proves. */
export function digestOf(credentials: string, algorithm: string): string {
  const hash = createHash(algorithm).update(credentials).digest('base64');
  return `${credentials.split(':', 1)[0]}:${hash}`;
}

/** The identities that an auth request adds, or null when it fails (the connection is closed then). */
export function authenticate(rules: AccessRules, scheme: string, auth: Uint8Array | null, address: string): Id[] | null {
  switch (scheme) {
    case 'digest': {
      if (!rules.providers.has('digest')) return null;
      const digest = digestOf(Buffer.from(auth ?? []).toString(), rules.digestAlgorithm);
      const ids: Id[] = [{ scheme: 'digest', id: digest }];
      return digest === rules.superDigest ? [{ scheme: 'super', id: '' }, ...ids] : ids;
    }
    case 'ip':
      return [{ scheme: 'ip', id: address }];
    default:
      return null;
  }
}

/** What getACL answers someone without ADMIN: who, but not the hash. */
export function maskDigests(acl: readonly Acl[]): Acl[] {
  return acl.map(({ perms, id }) =>
    id.scheme === 'digest' ? { perms, id: { scheme: 'digest', id: id.id.replace(/:.*/s, ':x') } } : { perms, id },
  );
}

/** What whoAmI shows of an identity: a digest's user without the hash. */
export function userOf(id: Id): Id {
  return id.scheme === 'digest' ? { scheme: id.scheme, id: id.id.split(':', 1)[0]! } : id;
}

interface Cidr {
  address: number;
  bits: number;
}

/** `a.b.c.d` or `a.b.c.d/bits`; IPv4 only, as in the original. */
function parseCidr(text: string): Cidr | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(match[i]);
    if (part > 255) return null;
    address = address * 256 + part;
  }
  const bits = match[5] === undefined ? 32 : Number(match[5]);
  return bits > 32 ? null : { address, bits };
}

function isInCidr(address: string, entry: string): boolean {
  if (address === entry) return true;
  const own = parseCidr(address);
  const range = parseCidr(entry);
  if (own === null || range === null) return false;
  const size = 2 ** (32 - range.bits);
  return Math.floor(own.address / size) === Math.floor(range.address / size);
}
