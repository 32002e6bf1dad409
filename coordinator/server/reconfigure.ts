/**
 * What a reconfig request comes to: the next ensemble, or the error it meets, in the original's order of checks
 * (`PrepRequestProcessor`, case reconfig). Pure. Who may ask is for the caller to check, after this.
 */
import { parseProperties } from '../../shared/settings/properties.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { ReconfigRequest } from '../../shared/znode/operations.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import { toEnsembleConfig, toQuorumConfig } from './ensemble-config.ts';
import type { MemberSpec, QuorumConfig } from './quorum-config.ts';
import { parseMember, parseQuorumConfig, participantsOf, splitConfigKeys } from './quorum-config.ts';

export interface ReconfigContext {
  /** The ensemble in force. */
  current: EnsembleConfig;
  /** Another change is on its way. */
  isPending: boolean;
  standaloneEnabled: boolean;
  /** Could a quorum of `next` be had now? */
  isQuorumSynced(next: EnsembleConfig): boolean;
}

/** The ensemble that `request` makes at `zxid`, or an `ErrorCode`. */
export function reconfigure(request: ReconfigRequest, zxid: number, context: ReconfigContext): EnsembleConfig | number {
  if (context.isPending) return ErrorCode.RECONFIGINPROGRESS;
  const { curConfigId } = request;
  if (curConfigId !== -1 && curConfigId !== context.current.version) return ErrorCode.BADVERSION;
  let next: QuorumConfig;
  try {
    next = { ...(request.newMembers === null ? changed(toQuorumConfig(context.current), request) : replaced(request.newMembers)), version: zxid };
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return ErrorCode.BADARGUMENTS;
  }
  if (participantsOf(next).length < (context.standaloneEnabled ? 2 : 1)) return ErrorCode.BADARGUMENTS;
  const config = toEnsembleConfig(next);
  return context.isQuorumSynced(config) ? config : ErrorCode.NEWCONFIGNOQUORUM;
}

/** All members anew. Lines may stand between commas. */
function replaced(newMembers: string): QuorumConfig {
  const { quorum, rest } = splitConfigKeys(parseProperties(newMembers.replaceAll(',', '\n')));
  const [stranger] = rest.keys();
  if (stranger !== undefined) throw new SettingError(`Unrecognised parameter: ${stranger}`);
  return parseQuorumConfig(quorum);
}

/** Some members out, then some in (or in with another role or address). */
function changed(current: QuorumConfig, { leavingServers, joiningServers }: ReconfigRequest): QuorumConfig {
  if (current.groups !== null) throw new SettingError('Incremental reconfiguration needs a plain majority, the present configuration has groups');
  const members = new Map(current.members);
  for (const text of listed(leavingServers)) members.delete(integer(text));
  for (const text of listed(joiningServers)) {
    const [key, value, ...more] = text.split('=');
    if (value === undefined || more.length > 0) throw new SettingError(`Wrong format of server string: ${text}`);
    const member = parseMember(integer(key!.slice(key!.lastIndexOf('.') + 1)), value);
    if (member.client === null) throw new SettingError(`Wrong format of server string - each server should have 3 ports specified: ${text}`);
    members.delete(member.id);
    checkAddresses(member, members.values());
    members.set(member.id, member);
  }
  return { ...current, members: new Map([...members].sort(([one], [other]) => one - other)) };
}

const listed = (text: string | null): string[] =>
  text === null
    ? []
    : text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');

function integer(text: string): number {
  if (!/^\d+$/.test(text.trim())) throw new SettingError(`Not a server id: ${text}`);
  return Number(text.trim());
}

/** No other member may be at one of its addresses. */
function checkAddresses(member: MemberSpec, others: Iterable<MemberSpec>): void {
  const taken = (spec: MemberSpec): string[] => [
    ...spec.addresses.flatMap(({ host, quorumPort, electionPort }) => [`${host}:${quorumPort}`, `${host}:${electionPort}`]),
    ...(spec.client === null || spec.client.host === '0.0.0.0' ? [] : [`${spec.client.host}:${spec.client.port}`]),
  ];
  const own = new Set(taken(member));
  for (const other of others) {
    for (const address of taken(other)) if (own.has(address)) throw new SettingError(`server.${member.id} has an address of server.${other.id}: ${address}`);
  }
}
