/**
 * Who decides: the arithmetic of majorities, and nothing else. A quorum is more than half of the weight in more than half of the
 * groups; with one group and equal weights that is the plain majority. Any two quorums of a config share a voter.
 *
 * While a reconfig is on its way two configs hold at once, and a decision needs a quorum of each (`Electorate`).
 */
import type { EnsembleConfig } from './messages.ts';
import type { ServerId } from './peer-types.ts';

/** The quorums of one config. */
export class Quorum {
  private readonly groups: readonly { members: readonly { id: ServerId; weight: number }[]; weight: number }[];

  constructor({ voters, groups, weights }: EnsembleConfig) {
    const byGroup = new Map<number, { id: ServerId; weight: number }[]>();
    for (const id of voters) {
      const group = groups[id] ?? 0;
      const members = byGroup.get(group) ?? [];
      members.push({ id, weight: weights[id] ?? 1 });
      byGroup.set(group, members);
    }
    this.groups = [...byGroup.values()]
      .map((members) => ({ members, weight: members.reduce((sum, { weight }) => sum + weight, 0) }))
      // A group without weight can't have a majority of it: it has no say (as in the original's QuorumHierarchical).
      .filter(({ weight }) => weight > 0);
  }

  contains(has: (id: ServerId) => boolean): boolean {
    let won = 0;
    for (const { members, weight } of this.groups) {
      let sum = 0;
      for (const member of members) if (has(member.id)) sum += member.weight;
      if (sum * 2 > weight) won++;
    }
    return won * 2 > this.groups.length;
  }

  /** The greatest zxid that a quorum has reached. 0 if there is none. */
  reached(zxidOf: (id: ServerId) => number): number {
    const ofGroups: number[] = [];
    for (const { members, weight } of this.groups) {
      const reached = members.map((member) => ({ zxid: zxidOf(member.id), weight: member.weight })).sort((a, b) => b.zxid - a.zxid);
      let sum = 0;
      for (const member of reached) {
        sum += member.weight;
        if (sum * 2 <= weight) continue;
        ofGroups.push(member.zxid);
        break;
      }
    }
    ofGroups.sort((a, b) => b - a);
    return ofGroups[Math.floor(ofGroups.length / 2)] ?? 0;
  }
}

/** The config in force and, while a reconfig is on its way, the one it proposes. */
export class Electorate {
  readonly voters: ReadonlySet<ServerId>;
  private readonly current: Quorum;
  private readonly pending: Quorum | null;
  private readonly pendingZxid: number;
  private readonly candidates: ReadonlySet<ServerId>;

  constructor(config: EnsembleConfig, pendingConfig: EnsembleConfig | null) {
    this.voters = new Set([...config.voters, ...(pendingConfig?.voters ?? [])]);
    this.current = new Quorum(config);
    this.pending = pendingConfig === null ? null : new Quorum(pendingConfig);
    this.pendingZxid = pendingConfig?.version ?? 0;
    const mayLead = ({ voters, weights }: EnsembleConfig): readonly ServerId[] => voters.filter((id) => weights[id] !== 0);
    this.candidates = new Set([...mayLead(config), ...(pendingConfig === null ? [] : mayLead(pendingConfig))]);
  }

  isVoter(id: ServerId): boolean {
    return this.voters.has(id);
  }

  /** A voter without weight votes, and leads nobody. */
  mayLead(id: ServerId): boolean {
    return this.candidates.has(id);
  }

  isQuorum(has: (id: ServerId) => boolean): boolean {
    return this.current.contains(has) && (this.pending === null || this.pending.contains(has));
  }

  /**
   * Is this a quorum although the disks of some of its members are empty? Such a member may have acknowledged what it now
   * doesn't know. Its word counts among members that all begin (a new ensemble), or where every voter is present, so
   * that nobody else could know better; and never to complete a quorum of those who remember.
   */
  isTrustedQuorum(has: (id: ServerId) => boolean, isFresh: (id: ServerId) => boolean): boolean {
    if (this.isQuorum((id) => has(id) && !isFresh(id))) return true;
    let everyone = true;
    let allFresh = true;
    for (const id of this.voters) {
      if (!has(id)) everyone = false;
      else if (!isFresh(id)) allFresh = false;
    }
    return everyone || (allFresh && this.isQuorum(has));
  }

  /**
   * The greatest zxid that may be committed, given what each voter has on its disk: what comes before the reconfig txn needs a
   * quorum of the config in force, that txn and what follows it a quorum of both.
   */
  committable(zxidOf: (id: ServerId) => number): number {
    const reached = this.current.reached(zxidOf);
    if (this.pending === null || reached < this.pendingZxid) return reached;
    const reachedByBoth = Math.min(reached, this.pending.reached(zxidOf));
    return reachedByBoth >= this.pendingZxid ? reachedByBoth : this.pendingZxid - 1;
  }
}
