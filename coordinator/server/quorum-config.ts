/**
 * Who belongs to the ensemble, as configuration files and `/zookeeper/config` say it: `server.N` lines, groups and weights, the version.
 * Pure: text in, text out (`QuorumPeerConfig`, `QuorumMaj`, `QuorumHierarchical`).
 *
 *     server.1=host:quorumPort:electionPort[:participant|observer][;[clientAddress:]clientPort]
 *
 * Several addresses of one member are joined by `|`. The version of a configuration that nobody agreed on yet is 0.
 */
import { SettingError } from '../../shared/settings/schema.ts';

/** Of a server that starts: its id is the first byte of the sessions it makes. */
export const SERVER_ID_MAX = 255;
/** Of a server that is only listed. The original asks no more of a reconfig, either: its refusals come in the same order. */
const LISTED_ID_MAX = 2 ** 31 - 1;

export type MemberRole = 'participant' | 'observer';

export interface PeerAddress {
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

export interface ClientAddress {
  readonly host: string;
  readonly port: number;
}

export interface MemberSpec {
  readonly id: number;
  /** At least one; more with multiAddress. */
  readonly addresses: readonly PeerAddress[];
  readonly role: MemberRole;
  /** Where it serves clients; null where only its own file says so. */
  readonly client: ClientAddress | null;
}

export interface QuorumConfig {
  /** By id, in ascending order. */
  readonly members: ReadonlyMap<number, MemberSpec>;
  /** zxid at which it was agreed on. */
  readonly version: number;
  /** Server id to group; null: a plain majority. */
  readonly groups: ReadonlyMap<number, number> | null;
  /** Server id to weight; absent ones weigh 1. */
  readonly weights: ReadonlyMap<number, number>;
}

const WILDCARD = '0.0.0.0';
const FORM = 'host:quorumPort:electionPort[:participant|observer][;[clientAddress:]clientPort]';

const isConfigKey = (key: string): boolean => /^(server|group|weight)\.\d+$/.test(key) || key === 'version';

/** Splits properties into those of the ensemble's configuration and the rest. */
export function splitConfigKeys(properties: ReadonlyMap<string, string>): { quorum: Map<string, string>; rest: Map<string, string> } {
  const quorum = new Map<string, string>();
  const rest = new Map<string, string>();
  for (const [key, value] of properties) (isConfigKey(key) ? quorum : rest).set(key, value);
  return { quorum, rest };
}

/** Reads the keys that `splitConfigKeys` found. Throws `SettingError` with key and value. */
export function parseQuorumConfig(properties: ReadonlyMap<string, string>): QuorumConfig {
  const members: MemberSpec[] = [];
  const groups = new Map<number, number>();
  const weights = new Map<number, number>();
  let version = 0;
  for (const [key, value] of properties) {
    const [kind, number] = key.split('.') as [string, string?];
    if (kind === 'version') {
      version = parseVersion(value);
      continue;
    }
    const id = Number(number);
    if (kind === 'server') members.push(parseMember(id, value));
    else if (kind === 'weight') weights.set(id, integer(key, value, 0, 0x7fff_ffff));
    else for (const text of value.split(':')) joinGroup(groups, key, id, text);
  }
  members.sort((a, b) => a.id - b.id);
  const byId = new Map(members.map((member) => [member.id, member]));
  checkPorts(members);
  if (groups.size > 0) {
    const stranger = [...groups.keys()].find((id) => byId.get(id)?.role !== 'participant');
    if (stranger !== undefined) throw new SettingError(`group.${groups.get(stranger)} names server ${stranger}, which is no participant of the ensemble`);
    const left = members.find(({ id, role }) => role === 'participant' && !groups.has(id));
    if (left !== undefined) throw new SettingError(`Server ${left.id} is in no group: with group.G lines every participant is in one`);
  }
  return { members: byId, version, groups: groups.size === 0 ? null : groups, weights };
}

function joinGroup(groups: Map<number, number>, key: string, group: number, text: string): void {
  const id = integer(key, text, 0, LISTED_ID_MAX);
  const other = groups.get(id);
  if (other !== undefined) throw new SettingError(`Server ${id} is in both group.${other} and group.${group}`);
  groups.set(id, group);
}

/** Reads the right side of `server.N=`. */
export function parseMember(id: number, value: string): MemberSpec {
  const key = `server.${id}`;
  const refuse = (why: string): SettingError => new SettingError(`Invalid value ${value} for configuration ${key}: ${why}, expected ${FORM}`);
  if (id > LISTED_ID_MAX) throw refuse(`server ids go from 0 to ${LISTED_ID_MAX}`);
  const [peers = '', clientText, ...tooMuch] = value.trim().split(';');
  if (tooMuch.length > 0) throw refuse('there is more than one ";"');
  const client = clientText === undefined || clientText.trim() === '' ? null : parseClientAddress(clientText.trim(), refuse);
  let role: MemberRole = 'participant';
  const addresses = peers.split('|').map((text): PeerAddress => {
    const match = /^(\[[^\]]+\]|[^:]*):(\d+):(\d+)(?::(\w+))?$/.exec(text.trim());
    if (match === null) throw refuse(`"${text}" is not an address`);
    const [, host, quorumPort, electionPort, roleText] = match;
    if (roleText !== undefined) {
      const lower = roleText.toLowerCase();
      if (lower !== 'participant' && lower !== 'observer') throw refuse(`Unrecognised peertype: ${roleText}`);
      role = lower;
    }
    if (host === '') throw refuse('the host is empty');
    return { host: unbracket(host!), quorumPort: portOf(quorumPort!, refuse), electionPort: portOf(electionPort!, refuse) };
  });
  return { id, addresses, role, client };
}

function parseClientAddress(text: string, refuse: (why: string) => SettingError): ClientAddress {
  const match = /^(?:(\[[^\]]+\]|[^:]*):)?(\d+)$/.exec(text);
  if (match === null) throw refuse(`"${text}" is not a client address`);
  return { host: match[1] === undefined || match[1] === '' ? WILDCARD : unbracket(match[1]), port: portOf(match[2]!, refuse) };
}

function portOf(text: string, refuse: (why: string) => SettingError): number {
  const port = Number(text);
  if (port < 1 || port > 65535) throw refuse(`${text} is not a port`);
  return port;
}

function integer(key: string, text: string, min: number, max: number): number {
  const value = Number(text.trim());
  if (!/^\d+$/.test(text.trim()) || value < min || value > max) {
    throw new SettingError(`Invalid value ${text} for configuration ${key}: Expected a number of ${min} to ${max}`);
  }
  return value;
}

function parseVersion(text: string): number {
  if (!/^[0-9a-f]{1,14}$/i.test(text.trim())) throw new SettingError(`Invalid value ${text} for configuration version: Expected a hexadecimal number`);
  return Number.parseInt(text.trim(), 16);
}

/** No two members may listen at one address, and a member's own ports differ. */
function checkPorts(members: readonly MemberSpec[]): void {
  const users = new Map<string, string>();
  for (const { id, addresses, client } of members) {
    for (const { host, quorumPort, electionPort } of addresses) {
      for (const [port, use] of [[quorumPort, 'quorum port'], [electionPort, 'election port']] as const) {
        const name = `${host}:${port}`;
        const other = users.get(name);
        if (other !== undefined) throw new SettingError(`server.${id} has ${name} as its ${use}, and so has ${other}: each needs its own`);
        users.set(name, `server.${id}'s ${use}`);
        if (client !== null && client.port === port && (client.host === host || client.host === WILDCARD)) {
          throw new SettingError(`server.${id} has port ${port} as its ${use} and for clients: each needs its own`);
        }
      }
    }
  }
}

const unbracket = (host: string): string => host.replace(/^\[|\]$/g, '');
const bracket = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** The right side of `server.N=`, as `/zookeeper/config` has it. */
export function formatMember({ addresses, role, client }: MemberSpec): string {
  const peers = addresses.map(({ host, quorumPort, electionPort }) => `${bracket(host)}:${quorumPort}:${electionPort}`).join('|');
  return `${peers}:${role}${client === null ? '' : `;${bracket(client.host)}:${client.port}`}`;
}

/** The data of `/zookeeper/config` and, with `version`, of a dynamic configuration file's lines. */
export function formatQuorumConfig({ members, groups, weights, version }: QuorumConfig): string {
  const lines = [...members.values()].map((member) => `server.${member.id}=${formatMember(member)}`);
  if (groups !== null) {
    const byGroup = new Map<number, number[]>();
    for (const [id, group] of groups) byGroup.set(group, [...(byGroup.get(group) ?? []), id]);
    for (const [group, ids] of byGroup) lines.push(`group.${group}=${ids.join(':')}`);
  }
  for (const [id, weight] of weights) lines.push(`weight.${id}=${weight}`);
  return `${lines.join('\n')}\nversion=${version.toString(16)}`;
}

export function participantsOf({ members }: QuorumConfig): MemberSpec[] {
  return [...members.values()].filter(({ role }) => role === 'participant');
}

/**
 * One line for each thing that an operator may not have meant. Throws `SettingError` for what can't work
 * (`QuorumPeerConfig.checkValidity`).
 */
export function checkQuorumConfig(config: QuorumConfig, electionAlg: number): string[] {
  const count = participantsOf(config).length;
  const observers = config.members.size - count;
  if (count === 0) throw new SettingError(observers > 0 ? 'Observers w/o participants is an invalid configuration' : 'There are no server.N lines');
  if (count === 1 && observers > 0) throw new SettingError('Observers w/o quorum is an invalid configuration: one participant alone is no ensemble');
  if (electionAlg !== 3) throw new SettingError(`Invalid value ${electionAlg} for configuration electionAlg: Only 3 exists`);
  const warnings: string[] = [];
  if (count === 2) {
    warnings.push('No server failure will be tolerated. You need at least 3 servers.');
  } else if (count % 2 === 0 && config.groups === null) {
    warnings.push(
      `Non-optimal configuration, consider an odd number of servers: ${count} survive the failure of ${Math.floor((count - 1) / 2)}, as ${count - 1} would, ` +
        `and need ${count / 2 + 1} for each write instead of ${count / 2}.`,
    );
  }
  return warnings;
}
