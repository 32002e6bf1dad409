/**
 * Client quotas as znodes have them: whom an entry is about, where it is, which keys it may have, and which entries a filter finds
 * (`kafka.server.ZkAdminManager`). Pure.
 *
 *     /config/users/alice                 user                  /config/clients/<default>      default client-id
 *     /config/users/<default>/clients/c   default user and c    /config/ips/10.0.0.1           ip
 *
 * Names are percent-encoded. Of an entity `null` names the default.
 */
import { formatSetting, parseSetting } from '../../shared/settings/schema.ts';
import type { Setting, SettingType, SettingValue } from '../../shared/settings/schema.ts';
import type { ConfigEntityType } from '../controller/znodes.ts';
import { DEFAULT_ENTITY } from '../controller/znodes.ts';

export const USER = 'user';
export const CLIENT_ID = 'client-id';
export const IP = 'ip';

/** Name (null: default) by entity type. */
export type QuotaEntity = ReadonlyMap<string, string | null>;

const key = (name: string, type: SettingType, doc: string): [string, Setting<SettingValue>] => [name, { name, type, default: null, doc }];

const CLIENT_KEYS: ReadonlyMap<string, Setting<SettingValue>> = new Map([
  key('producer_byte_rate', 'long', 'Bytes per second that may be produced.'),
  key('consumer_byte_rate', 'long', 'Bytes per second that may be fetched.'),
  key('request_percentage', 'double', 'Share of time of the request handlers, in percent of one.'),
  key('controller_mutation_rate', 'double', 'Partitions per second that may be created or deleted.'),
]);
const IP_KEYS: ReadonlyMap<string, Setting<SettingValue>> = new Map([key('connection_creation_rate', 'int', 'Connections per second that are accepted.')]);

/** A request that cannot be carried out, in the original's words. */
export class QuotaRefusal extends Error {
  override readonly name = 'QuotaRefusal';
}

/** As Java's URL encoding, a blank as `%20`. */
export function sanitize(name: string): string {
  return encodeURIComponent(name).replace(/[!'()~*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function desanitize(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // somebody wrote it by hand: it is what it says
  }
}

/** Throws `QuotaRefusal`. */
export function readEntity(components: readonly { entityType: string; entityName: string | null }[]): QuotaEntity {
  if (components.length === 0) throw new QuotaRefusal('Invalid empty client quota entity');
  const entity = new Map<string, string | null>();
  for (const { entityType, entityName } of components) {
    if (entityType !== USER && entityType !== CLIENT_ID && entityType !== IP) {
      throw new QuotaRefusal(`Unhandled client quota entity type: ${entityType}`);
    }
    if (entityName === '') throw new QuotaRefusal(`Empty ${entityType} not supported`);
    entity.set(entityType, entityName);
  }
  return entity;
}

export type QuotaKind = Extract<ConfigEntityType, 'users' | 'clients' | 'ips'>;

export interface QuotaPlace {
  type: QuotaKind;
  /** Below the type, encoded. */
  name: string;
  keys: ReadonlyMap<string, Setting<SettingValue>>;
}

/** Where the entity's quotas are. Throws `QuotaRefusal`. */
export function placeOf(entity: QuotaEntity): QuotaPlace {
  const encoded = (type: string): string => {
    const name = entity.get(type) ?? null;
    return name === null ? DEFAULT_ENTITY : sanitize(name);
  };
  if (entity.has(IP)) {
    if (entity.size > 1) {
      throw new QuotaRefusal('Invalid quota entity combination, IP entity should not be used with user/client ID entity.');
    }
    return { type: 'ips', name: encoded(IP), keys: IP_KEYS };
  }
  if (!entity.has(USER)) return { type: 'clients', name: encoded(CLIENT_ID), keys: CLIENT_KEYS };
  const user = encoded(USER);
  return { type: 'users', name: entity.has(CLIENT_ID) ? `${user}/clients/${encoded(CLIENT_ID)}` : user, keys: CLIENT_KEYS };
}

/** The reverse: whose place this is, or null. */
export function entityAt(type: QuotaKind, name: string): QuotaEntity | null {
  const decoded = (encoded: string): string | null => (encoded === DEFAULT_ENTITY ? null : desanitize(encoded));
  const [first = '', clients, clientId, ...more] = name.split('/');
  if (clients === undefined) return new Map([[type === 'users' ? USER : type === 'clients' ? CLIENT_ID : IP, decoded(first)]]);
  if (type !== 'users' || clients !== 'clients' || clientId === undefined || more.length > 0) return null;
  return new Map([
    [USER, decoded(first)],
    [CLIENT_ID, decoded(clientId)],
  ]);
}

export interface QuotaOperation {
  key: string;
  value: number;
  remove: boolean;
}

/** What is stored after these operations. Throws `QuotaRefusal`. */
export function applyOperations(
  present: ReadonlyMap<string, string>,
  operations: readonly QuotaOperation[],
  keys: QuotaPlace['keys'],
): Map<string, string> {
  const next = new Map(present);
  for (const { key: name, value, remove } of operations) {
    if (remove) {
      next.delete(name);
      continue;
    }
    const setting = keys.get(name);
    if (setting === undefined) throw new QuotaRefusal(`Invalid configuration key ${name}`);
    next.set(name, setting.type === 'double' ? javaDouble(value) : wholeNumber(name, setting.type, value));
  }
  return next;
}

function javaDouble(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? value.toFixed(1) : String(value);
}

/** Doubles travel; whole numbers are stored. */
const EPSILON = 1e-6;

function wholeNumber(name: string, type: SettingType, value: number): string {
  const whole = Math.trunc(value + EPSILON);
  if (!(Math.abs(whole - value) <= EPSILON)) throw new QuotaRefusal(`Configuration ${name} must be a ${type.toUpperCase()} value`);
  return formatSetting(whole)!;
}

/** The quotas among an entity's stored settings (a user's credentials are there too); what is no number is left out. */
export function quotasIn(config: ReadonlyMap<string, string>, isIp: boolean): { key: string; value: number }[] {
  const values: { key: string; value: number }[] = [];
  for (const [name, text] of config) {
    const setting = (isIp ? IP_KEYS : CLIENT_KEYS).get(name);
    const value = Number(text);
    if (setting !== undefined && Number.isFinite(value)) values.push({ key: name, value: Number(parseSetting(setting, text)) });
  }
  return values;
}

/** What a filter wants of one entity type: this name (null: the default), or any. */
export type Wanted = { name: string | null } | 'any';

const MATCH = { EXACT: 0, DEFAULT: 1, ANY: 2 };

export interface FilterRefusal {
  kind: 'invalid' | 'unsupported' | 'unknown match';
  message: string;
}

export function readFilter(
  components: readonly { entityType: string; matchType: number; match: string | null }[],
): Map<string, Wanted> | FilterRefusal {
  const filter = new Map<string, Wanted>();
  for (const { entityType, matchType, match } of components) {
    let wanted: Wanted;
    if (matchType === MATCH.EXACT) wanted = { name: match };
    else if (matchType === MATCH.DEFAULT) wanted = { name: null };
    else if (matchType === MATCH.ANY) wanted = 'any';
    else return { kind: 'unknown match', message: `Unexpected match type ${matchType}` };
    if (entityType === '') return { kind: 'invalid', message: 'Unexpected empty filter component entity type' };
    if (entityType !== USER && entityType !== CLIENT_ID && entityType !== IP) {
      return { kind: 'unsupported', message: `Custom entity type '${entityType}' not supported` };
    }
    if (filter.has(entityType)) return { kind: 'invalid', message: `Duplicate ${entityType} filter component entity type` };
    filter.set(entityType, wanted);
  }
  if (!filter.has(IP) || filter.size === 1) return filter;
  const message =
    'Invalid entity filter component combination, IP filter component should not be used with user or clientId filter component.';
  return { kind: 'invalid', message };
}

/** Whether the filter finds the entity; `strict`: only if it names all its types. */
export function matches(filter: ReadonlyMap<string, Wanted>, entity: QuotaEntity, strict: boolean): boolean {
  for (const [type, wanted] of filter) {
    const name = entity.get(type);
    if (name === undefined || (wanted !== 'any' && wanted.name !== name)) return false;
  }
  return !strict || [...entity.keys()].every((type) => filter.has(type));
}
