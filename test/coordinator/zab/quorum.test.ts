import { expect } from 'chai';
import fc from 'fast-check';
import type { EnsembleConfig } from '../../../coordinator/zab/messages.ts';
import { Electorate, Quorum } from '../../../coordinator/zab/quorum.ts';

/** Any ensemble of up to seven voters, in up to three groups, with weights from 0 to 3. */
const anyConfig = fc
  .array(fc.record({ group: fc.nat(2), weight: fc.nat(3) }), { minLength: 1, maxLength: 7 })
  .map((members): EnsembleConfig => {
    const ids = members.map((_, at) => at + 1);
    return {
      version: 0,
      voters: ids,
      observers: [],
      groups: Object.fromEntries(members.map(({ group }, at) => [at + 1, group])),
      weights: Object.fromEntries(members.map(({ weight }, at) => [at + 1, weight])),
      text: '',
    };
  });

function plain(voters: readonly number[], version = 0): EnsembleConfig {
  return { version, voters, observers: [], groups: {}, weights: {}, text: '' };
}

/** More than half of the weight in more than half of the groups that have any: as slowly as it can be said. */
function dumbContains(config: EnsembleConfig, ids: ReadonlySet<number>): boolean {
  const groups = new Set(config.voters.map((id) => config.groups[id] ?? 0));
  let counted = 0;
  let won = 0;
  for (const group of groups) {
    const members = config.voters.filter((id) => (config.groups[id] ?? 0) === group);
    const weigh = (some: readonly number[]): number => some.map((id) => config.weights[id] ?? 1).reduce((a, b) => a + b, 0);
    if (weigh(members) === 0) continue;
    counted++;
    if (weigh(members.filter((id) => ids.has(id))) > weigh(members) / 2) won++;
  }
  return won > counted / 2;
}

/** Tries every zxid that anyone has. */
function dumbReached(config: EnsembleConfig, zxids: readonly number[]): number {
  let best = 0;
  for (const zxid of zxids) {
    if (zxid > best && dumbContains(config, new Set(config.voters.filter((id) => zxids[id - 1]! >= zxid)))) best = zxid;
  }
  return best;
}

describe('Quorum', () => {
  it('is more than half of equal voters', () => {
    const quorum = new Quorum(plain([1, 2, 3, 4]));
    expect(quorum.contains((id) => id <= 2)).to.equal(false);
    expect(quorum.contains((id) => id <= 3)).to.equal(true);
  });

  it('agrees with a dumb model on sets, groups and weights', () => {
    fc.assert(
      fc.property(anyConfig, fc.uniqueArray(fc.integer({ min: 1, max: 7 })), (config, ids) => {
        const set = new Set(ids);
        expect(new Quorum(config).contains((id) => set.has(id))).to.equal(dumbContains(config, set));
      }),
    );
  });

  it('agrees with a dumb model on the zxid that a quorum has reached', () => {
    fc.assert(
      fc.property(anyConfig, fc.array(fc.nat(9), { minLength: 7, maxLength: 7 }), (config, zxids) => {
        expect(new Quorum(config).reached((id) => zxids[id - 1]!)).to.equal(dumbReached(config, zxids));
      }),
    );
  });

  it('shares a voter with any other of the same ensemble', () => {
    const sets = fc.uniqueArray(fc.integer({ min: 1, max: 7 }));
    fc.assert(
      fc.property(anyConfig, sets, sets, (config, a, b) => {
        const quorum = new Quorum(config);
        fc.pre(quorum.contains((id) => a.includes(id)) && quorum.contains((id) => b.includes(id)));
        expect(a.some((id) => b.includes(id))).to.equal(true);
      }),
    );
  });
});

describe('Electorate', () => {
  const joint = new Electorate(plain([1, 2, 3]), plain([3, 4, 5], 10));

  it('needs a quorum of both ensembles while one is proposed', () => {
    expect(joint.isQuorum((id) => id <= 3)).to.equal(false);
    expect(joint.isQuorum((id) => id >= 3)).to.equal(false);
    expect(joint.isQuorum((id) => [2, 3, 4].includes(id))).to.equal(true);
  });

  it('commits what precedes the reconfig with the old quorum, and the reconfig with both', () => {
    const reached: Record<number, number> = { 1: 12, 2: 12, 3: 5, 4: 0, 5: 0 };
    expect(joint.committable((id) => reached[id]!)).to.equal(9);
    reached[3] = 11;
    expect(joint.committable((id) => reached[id]!)).to.equal(9);
    reached[4] = 10;
    expect(joint.committable((id) => reached[id]!)).to.equal(10);
  });

  it('trusts members with empty disks among themselves, or when everybody is there', () => {
    const all = new Electorate(plain([1, 2, 3]), null);
    const only = (...ids: number[]) => (id: number) => ids.includes(id);
    expect(all.isTrustedQuorum(only(1, 2), only(1, 2, 3))).to.equal(true);
    expect(all.isTrustedQuorum(only(1, 2), only(2))).to.equal(false);
    expect(all.isTrustedQuorum(only(1, 2, 3), only(2, 3))).to.equal(true);
    expect(all.isTrustedQuorum(only(1, 3), only(2))).to.equal(true);
  });
});
