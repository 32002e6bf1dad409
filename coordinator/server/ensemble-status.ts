/** What an operator sees of a member's place in its ensemble: four-letter words, AdminServer and metrics, under the original's names. */
import type { Peer } from '../zab/peer.ts';
import type { PeerStatus } from '../zab/peer-types.ts';
import { counterOf, epochOf, makeZxid } from '../../shared/znode/zxid.ts';
import type { EnsembleFacts } from '../net/ensemble-facts.ts';
import type { Json } from '../net/pretty-json.ts';
import { toQuorumConfig } from './ensemble-config.ts';
import type { EnsembleSettings } from './ensemble-settings.ts';
import type { PeerAddress } from './quorum-config.ts';
import { formatMember, formatQuorumConfig } from './quorum-config.ts';
import type { ServerStats } from './server-stats.ts';
import type { ServerSettings } from './settings.ts';

export interface EnsembleStatusSources {
  peer: Peer;
  settings: ServerSettings;
  ensemble: EnsembleSettings;
  stats: ServerStats;
  /** Monotonic ms. */
  nowMs(): number;
  isServing(): boolean;
  isReadOnly(): boolean;
  localSessionCount(): number;
  port(): number;
}

const MODES = { LOOKING: '', LEADING: 'leader', FOLLOWING: 'follower', OBSERVING: 'observer' } as const;

export class EnsembleStatus implements EnsembleFacts {
  private readonly from: EnsembleStatusSources;

  constructor(from: EnsembleStatusSources) {
    this.from = from;
  }

  private get status(): PeerStatus {
    return this.from.peer.status();
  }

  get mode(): string {
    return this.isReadOnly ? 'read-only' : MODES[this.from.peer.role.state];
  }

  get isServing(): boolean {
    return this.from.isServing();
  }

  get epochZxid(): number {
    const { role } = this.from.peer;
    return role.state !== 'LOOKING' && this.isServing ? makeZxid(role.epoch, 0) : 0;
  }

  /** It leads since; monotonic ms. */
  leadingSinceMs = 0;

  get localSessionCount(): number {
    return this.from.localSessionCount();
  }

  get isReadOnly(): boolean {
    return this.from.isReadOnly();
  }

  get proposalSizes(): { last: number; min: number; max: number } | null {
    return this.from.peer.role.state === 'LEADING' ? this.from.stats.proposalSizes : null;
  }

  configuration(): [string, string | number][] {
    const { settings, ensemble, peer } = this.from;
    const { quorumPort, electionPort } = ensemble.self.addresses[0]!;
    return [
      ['initLimit', settings.initLimit],
      ['syncLimit', settings.syncLimit],
      ['electionAlg', settings.electionAlg],
      ['electionPort', electionPort],
      ['quorumPort', quorumPort],
      ['peerType', peer.config.observers.includes(ensemble.myId) ? 1 : 0],
    ];
  }

  membership(): string {
    return formatQuorumConfig(toQuorumConfig(this.from.peer.config));
  }

  gauges(): [string, string | number][] {
    const { state, phase, learners, config } = this.status;
    const peerState = state === 'LOOKING' ? 'looking' : `${state.toLowerCase()} - ${phase.toLowerCase()}`;
    const rows: [string, string | number][] = [
      ['quorum_size', config.voters.length],
      ['peer_state', peerState],
    ];
    if (state !== 'LEADING') return rows;
    const synced = learners.filter((learner) => learner.synced);
    const sizes = this.from.stats.proposalSizes;
    const followers = synced.filter(({ observer }) => !observer);
    return [
      ...rows,
      ['learners', learners.length],
      ['synced_followers', followers.length],
      ['synced_non_voting_followers', 0],
      ['synced_observers', synced.length - followers.length],
      ['pending_syncs', learners.length - synced.length],
      ['leader_uptime', Math.floor(this.from.nowMs() - this.leadingSinceMs)],
      ['last_proposal_size', sizes.last],
      ['min_proposal_size', sizes.min],
      ['max_proposal_size', sizes.max],
    ];
  }

  get leader(): { isLeader: boolean; id: number; address: string } | null {
    const { peer, ensemble } = this.from;
    const { role } = peer;
    if (role.state === 'LOOKING') return null;
    const spec = toQuorumConfig(peer.config).members.get(role.leader);
    return { isLeader: role.leader === ensemble.myId, id: role.leader, address: spec?.addresses[0]?.host ?? '' };
  }

  votingView(): Record<string, Json> {
    const { config } = this.from.peer;
    const { members } = toQuorumConfig(config);
    return Object.fromEntries(
      config.voters.flatMap((id) => {
        const spec = members.get(id);
        if (spec === undefined) return [];
        const { addresses } = spec;
        const at = (port: (address: PeerAddress) => number): string[] => addresses.map((address) => `${address.host}:${port(address)}`);
        return [
          [
            String(id),
            {
              id,
              server_addresses: at(({ quorumPort }) => quorumPort),
              election_addresses: at(({ electionPort }) => electionPort),
              client_address: spec.client === null ? null : `${spec.client.host}:${spec.client.port}`,
              learner_type: spec.role,
            },
          ],
        ];
      }),
    );
  }

  zabState(): Record<string, Json> {
    const { ensemble, peer } = this.from;
    const { phase, lastZxid, config } = this.status;
    const self = ensemble.self.addresses[0]!;
    return {
      myid: ensemble.myId,
      is_leader: peer.role.state === 'LEADING',
      quorum_address: `${self.host}:${self.quorumPort}`,
      election_address: `${self.host}:${self.electionPort}`,
      client_address: formatMember(ensemble.self).split(';')[1] ?? `0.0.0.0:${this.from.port()}`,
      voting: config.voters.includes(ensemble.myId),
      last_zxid: `0x${lastZxid.toString(16)}`,
      zab_epoch: epochOf(lastZxid),
      zab_counter: counterOf(lastZxid),
      zabstate: phase.toLowerCase(),
    };
  }

  observers(): Record<string, Json>[] {
    return this.status.learners.filter(({ observer, synced }) => observer && synced).map(({ id }) => ({ sid: id }));
  }
}
