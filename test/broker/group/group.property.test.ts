/**
 * A group among members that do anything at any time: join, sync, heartbeat, leave, come back under an instance id, fall silent,
 * while writes fail or take long. Whatever they do:
 *
 * - MonotonicGeneration: the generation never goes back;
 * - AssignedWhenStable: a stable group gives every member that syncs what the leader gave it, from the generation it is in;
 * - NoReplyLost: every request is answered exactly once, at the latest when the group is unloaded;
 * - OneLeader: the answers of one generation name one leader, who is a member of it;
 * - NeverLate: nothing that is due is still pending after `expire`.
 */
import { expect } from 'chai';
import { createPrng } from '../../../shared/base/prng.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { defaultGroupConfig } from '../../../broker/group/group-config.ts';
import type { Effect, GroupWrite } from '../../../broker/group/group-messages.ts';
import { Group } from '../../../broker/group/group.ts';

interface Player {
  readonly name: string;
  readonly instance: string | null;
  readonly version: number;
  memberId: string;
  generationId: number;
  /** What it leads: the members it has to assign to, or null. */
  leads: readonly string[] | null;
}

class Run {
  private readonly prng: Prng;
  private readonly group: Group;
  private readonly players: Player[];
  private nowMs = 0;
  private nextReply = 1;
  private ids = 0;
  private readonly waiting = new Map<number, { player: Player; kind: 'join' | 'sync'; generationId: number; memberId: string }>();
  private readonly writes: GroupWrite[] = [];
  private readonly leaders = new Map<number, string>();
  private generationId = 0;
  answered = 0;
  stable = 0;

  constructor(seed: number) {
    this.prng = createPrng(seed);
    const delays = [0, 500, 3_000];
    const config = {
      ...defaultGroupConfig,
      groupInitialRebalanceDelayMs: delays[this.prng.int(3)]!,
      groupMaxSize: 2 + this.prng.int(5),
    };
    this.group = new Group('g', config, this.now());
    this.players = Array.from({ length: 2 + this.prng.int(5) }, (_, i) => ({
      name: `p${i}`,
      instance: this.prng.int(3) === 0 ? `i${i}` : null,
      version: [3, 5, 9][this.prng.int(3)]!,
      memberId: '',
      generationId: -1,
      leads: null,
    }));
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.move();
      // Twice: the last member's end may begin a join phase that nobody is left to wait for.
      for (let i = 0; i < 2 && this.nowMs >= this.group.wakeAtMs; i++) this.carryOut(this.group.expire(this.now()));
      expect(this.group.wakeAtMs, 'NeverLate').to.be.greaterThan(this.nowMs);
      expect(this.group.generationId, 'MonotonicGeneration').to.be.at.least(this.generationId);
      this.generationId = this.group.generationId;
      if (this.group.state === 'Stable') this.stable += 1;
    }
    this.carryOut(this.group.unload(this.now()));
    expect([...this.waiting.values()], 'NoReplyLost').to.deep.equal([]);
  }

  private now() {
    return { wallMs: this.nowMs, monotonicMs: this.nowMs };
  }

  private move(): void {
    const player = this.players[this.prng.int(this.players.length)]!;
    const claim = { generationId: player.generationId, memberId: player.memberId, groupInstanceId: player.instance };
    switch (this.prng.int(12)) {
      case 0:
      case 1:
      case 2:
        // Mostly members join because they have to.
        if (this.group.state === 'Stable' && this.prng.int(4) > 0) return;
        return this.join(player);
      case 3:
      case 4:
      case 5:
        return this.sync(player);
      case 6:
        this.group.heartbeat(claim, this.now());
        return;
      case 7:
        this.group.admitCommit(claim, this.now());
        return;
      case 8:
        if (this.prng.int(3) > 0) return;
        return this.carryOut(this.group.leave([{ ...claim, reason: null }], this.now()).effects);
      case 9:
      case 10: {
        const write = this.writes.shift();
        if (write === undefined) return;
        const errorCode = this.prng.int(6) === 0 ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NONE;
        return this.carryOut(this.group.stored(write, errorCode, this.now()));
      }
      default:
        this.nowMs += [1, 1, 1, 100, 100, 500, 2_000, 9_000][this.prng.int(8)]!;
    }
  }

  private join(player: Player): void {
    if (this.prng.int(8) === 0) player.memberId = ''; // restarted
    const replyTo = this.ask(player, 'join');
    const metadata = Buffer.from(String(this.prng.int(2)));
    const protocols = (this.prng.int(4) === 0 ? ['roundrobin', 'range'] : ['range', 'roundrobin']).map((name) => ({ name, metadata }));
    const request = {
      replyTo,
      memberId: player.memberId,
      newMemberId: `${player.name}-${++this.ids}`,
      groupInstanceId: player.instance,
      requireKnownMemberId: player.version >= 4 && player.instance === null,
      supportSkippingAssignment: player.version >= 9,
      clientId: player.name,
      clientHost: '/',
      rebalanceTimeoutMs: 5_000 + this.prng.int(10_000),
      sessionTimeoutMs: 6_000 + this.prng.int(10_000),
      protocolType: 'consumer',
      protocols,
      reason: null,
    };
    this.carryOut(this.group.join(request, this.now()));
  }

  private sync(player: Player): void {
    const replyTo = this.ask(player, 'sync');
    const assignments = new Map((player.leads ?? []).map((id) => [id, Buffer.from(`${player.generationId}:${id}`)]));
    const { generationId, memberId, instance: groupInstanceId } = player;
    const request = { replyTo, generationId, memberId, groupInstanceId, protocolType: null, protocolName: null, assignments };
    this.carryOut(this.group.sync(request, this.now()));
  }

  private ask(player: Player, kind: 'join' | 'sync'): number {
    const replyTo = this.nextReply++;
    const { generationId, memberId } = player;
    this.waiting.set(replyTo, { player, kind, generationId, memberId });
    return replyTo;
  }

  private carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'store') this.writes.push(effect.write);
      if (effect.kind !== 'joinReply' && effect.kind !== 'syncReply') continue;
      const asked = this.waiting.get(effect.to);
      expect(asked, 'NoReplyLost: answered once').to.not.equal(undefined);
      this.waiting.delete(effect.to);
      this.answered += 1;
      const { player, generationId, memberId } = asked!;
      const { errorCode } = effect.result;
      if (effect.kind === 'joinReply') this.joined(player, effect.result);
      else if (errorCode === ErrorCode.NONE) {
        // A static member that was replaced keeps its predecessor's assignment, under the predecessor's id.
        const assignment = effect.result.assignment.toString();
        const expected = player.instance === null ? `${generationId}:${memberId}` : `${generationId}:${player.name}-`;
        if (assignment !== '') expect(assignment.startsWith(expected), `AssignedWhenStable: ${assignment}, ${expected}`).to.equal(true);
      } else if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) player.memberId = '';
    }
  }

  private joined(player: Player, result: Extract<Effect, { kind: 'joinReply' }>['result']): void {
    const { errorCode, memberId, generationId, leader, members, skipAssignment } = result;
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.MEMBER_ID_REQUIRED) player.memberId = memberId;
    else if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) player.memberId = '';
    if (errorCode !== ErrorCode.NONE) return;
    player.generationId = generationId;
    player.leads = members.length > 0 && !skipAssignment ? members.map((member) => member.memberId) : null;
    if (leader === memberId) {
      expect(members.map((member) => member.memberId), 'OneLeader').to.include(memberId);
    } else if (player.instance === null) expect(members, 'OneLeader: followers are told nobody').to.deep.equal([]);
    const known = this.leaders.get(generationId);
    // A static leader that comes back leads on under a new id.
    const name = leader.replace(/-\d+$/, '');
    if (known !== undefined) expect(name, `OneLeader of generation ${generationId}`).to.equal(known);
    this.leaders.set(generationId, name);
  }
}

describe('Group, among random members', () => {
  it('keeps its promises for 100 seeds of 400 steps', () => {
    let answered = 0;
    let stable = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const run = new Run(seed);
      try {
        run.play(400);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
      answered += run.answered;
      stable += run.stable;
    }
    // The promises would be easy to keep by a group that never gets anywhere.
    expect(answered).to.be.greaterThan(10_000);
    expect(stable).to.be.greaterThan(500);
  });
});
