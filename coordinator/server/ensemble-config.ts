/** The ensemble's configuration in its two forms: the text that people and files have (`quorum-config`), and what the Zab core counts with. */
import { parseProperties } from '../../shared/settings/properties.ts';
import type { PeerAt } from '../net/peer-links.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import type { QuorumConfig } from './quorum-config.ts';
import { formatMember, formatQuorumConfig, parseQuorumConfig } from './quorum-config.ts';

export const CONFIG_PATH = '/zookeeper/config';

export function toEnsembleConfig(config: QuorumConfig): EnsembleConfig {
  const voters: number[] = [];
  const observers: number[] = [];
  for (const { id, role } of config.members.values()) (role === 'participant' ? voters : observers).push(id);
  return {
    version: config.version,
    voters,
    observers,
    groups: Object.fromEntries(config.groups ?? []),
    weights: Object.fromEntries(config.weights),
    text: formatQuorumConfig(config),
  };
}

export function toQuorumConfig(config: EnsembleConfig): QuorumConfig {
  return { ...parseQuorumConfig(parseProperties(config.text)), version: config.version };
}

export function peersOf(config: EnsembleConfig): PeerAt[] {
  return [...toQuorumConfig(config).members.values()].map(({ id, addresses }) => ({ id, addresses }));
}

/** Members and roles in one line, to compare what two members' files say. Client ports are each member's own business. */
export function membersLine(config: EnsembleConfig): string {
  return [...toQuorumConfig(config).members.values()].map((member) => `${member.id}=${formatMember({ ...member, client: null })}`).join(' ');
}

/** The text of `/zookeeper/config`. */
export function configData(config: EnsembleConfig): Buffer {
  return Buffer.from(formatQuorumConfig(toQuorumConfig(config)));
}

/** Has the tree's `/zookeeper/config` say `config`, unless a later one was written there by a transaction. */
export function showConfig(tree: DataTree, config: EnsembleConfig): void {
  const node = tree.get(CONFIG_PATH);
  if (node === undefined) return;
  const shown = /version=([0-9a-f]+)\s*$/.exec(node.data?.toString() ?? '')?.[1];
  if (shown !== undefined && Number.parseInt(shown, 16) > config.version) return;
  tree.setData(node, configData(config));
  node.version = -1; // as the original shows it: nobody sets it by version
  node.mzxid = config.version;
}
