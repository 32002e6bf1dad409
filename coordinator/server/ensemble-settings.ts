/**
 * What a member of an ensemble has to know of it before it starts: its own id (`<dataDir>/myid`, as the original keeps it) and the
 * configuration, from the file itself or from the dynamic file that it names.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseProperties } from '../../shared/settings/properties.ts';
import { invalidValue, SettingError } from '../../shared/settings/schema.ts';
import { versionInName } from './config-files.ts';
import type { MemberSpec, QuorumConfig } from './quorum-config.ts';
import { checkQuorumConfig, parseQuorumConfig, participantsOf, SERVER_ID_MAX, splitConfigKeys } from './quorum-config.ts';

export interface EnsembleSettings {
  readonly myId: number;
  readonly self: MemberSpec;
  readonly quorum: QuorumConfig;
  /** The file of the dynamic configuration, absolute; null while the static file has it. */
  readonly dynamicFile: string | null;
}

export interface EnsembleInput {
  readonly dataDir: string;
  readonly dynamicConfigFile: string | null;
  readonly standaloneEnabled: boolean;
  readonly electionAlg: number;
  readonly peerType: string;
  readonly peerTypeSet: boolean;
  /** `myid=…` in the file: what is written to `<dataDir>/myid` where that is missing. */
  readonly myId: number | null;
}

/** The ensemble that `properties` speak of, or null for a server alone; and what the operator should hear. Throws `SettingError`. */
export function loadEnsemble(properties: ReadonlyMap<string, string>, input: EnsembleInput): { ensemble: EnsembleSettings | null; warnings: string[] } {
  const { dynamicConfigFile } = input;
  const { quorum: given } = splitConfigKeys(properties);
  let quorumKeys = given;
  if (dynamicConfigFile !== null) {
    for (const key of given.keys()) throw new SettingError(`parameter: ${key} must be in a separate dynamic config file: dynamicConfigFile names ${dynamicConfigFile}`);
    quorumKeys = readDynamicFile(dynamicConfigFile);
  }
  const quorum = parseQuorumConfig(quorumKeys);
  if (quorum.members.size === 0 && dynamicConfigFile === null) return { ensemble: null, warnings: [] };
  const isAlone = quorum.members.size === 1 && participantsOf(quorum).length === 1;
  if (isAlone && input.standaloneEnabled) {
    return { ensemble: null, warnings: ['Only one server is defined and standaloneEnabled=true: it runs alone, without an election'] };
  }
  const warnings = checkQuorumConfig(quorum, input.electionAlg);
  const myId = readMyId(input);
  const self = quorum.members.get(myId);
  if (self === undefined) {
    throw new SettingError(`My id ${myId} not in the peer list: ${join(input.dataDir, 'myid')} says ${myId}, the configuration has ${[...quorum.members.keys()].join(', ')}`);
  }
  if (self.role !== input.peerType && input.peerTypeSet) {
    warnings.push(`Peer type from servers list (${self.role}) doesn't match peerType (${input.peerType}). Defaulting to servers list.`);
  }
  return { ensemble: { myId, self, quorum, dynamicFile: dynamicConfigFile === null ? null : resolve(dynamicConfigFile) }, warnings };
}

function readDynamicFile(path: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalidValue('dynamicConfigFile', path, `Cannot read it: ${(cause as Error).message}`);
  }
  const { quorum, rest } = splitConfigKeys(parseProperties(text));
  for (const key of rest.keys()) throw new SettingError(`Unrecognised parameter: ${key} in the dynamic configuration ${path}: it has only server, group, weight and version`);
  const version = versionInName(path);
  if (!quorum.has('version') && version !== null) quorum.set('version', version.toString(16));
  return quorum;
}

/** `<dataDir>/myid`; made from `myid=` in the properties where it is missing. */
function readMyId({ dataDir, myId }: EnsembleInput): number {
  const path = join(dataDir, 'myid');
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw new SettingError(`Cannot read ${path}: ${(cause as Error).message}`);
    if (myId === null) {
      throw new SettingError(`${path} file is missing: it has this server's number N, that of its server.N line (echo 1 > ${path}; or myid=1 in the properties makes it)`);
    }
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${myId}\n`);
    } catch (error) {
      throw new SettingError(`Cannot write ${path}: ${(error as Error).message}`);
    }
    return myId;
  }
  const id = Number(text);
  if (!/^\d+$/.test(text) || id > SERVER_ID_MAX) throw new SettingError(`serverid ${text} is not a number of 0 to ${SERVER_ID_MAX}: see ${path}`);
  if (myId !== null && myId !== id) throw new SettingError(`myid=${myId} contradicts ${path}, which says ${id}: this data belongs to another server`);
  return id;
}
