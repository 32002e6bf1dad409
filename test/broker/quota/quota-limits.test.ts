import { expect } from 'chai';
import fc from 'fast-check';
import type { EntityName } from '../../../broker/quota/quota-limits.ts';
import { QuotaLimits } from '../../../broker/quota/quota-limits.ts';

/** [user, client id] of the eight kinds of entity that fit user u with client id c, the most specific first. */
const FITTING: [EntityName, EntityName][] = [
  ['u', 'c'],
  ['u', null],
  ['u', undefined],
  [null, 'c'],
  [null, null],
  [null, undefined],
  [undefined, 'c'],
  [undefined, null],
];
/** Who shares the limit of each: this user with this client id, all clients of the user, all users of the client id. */
const SHARED = ['both', 'both', 'user', 'both', 'both', 'user', 'client', 'client'];

const limitsOf = (entities: readonly number[]): QuotaLimits => {
  const limits = new QuotaLimits();
  for (const index of entities) limits.set(...FITTING[index]!, index);
  return limits;
};

describe('QuotaLimits', () => {
  it('finds the most specific of the entities that fit, whichever of the eight there are', () => {
    for (let present = 0; present < 256; present++) {
      const entities = FITTING.map((_, index) => index).filter((index) => (present & (1 << index)) !== 0);
      expect(limitsOf(entities).find('u', 'c')?.limit, entities.join()).to.equal(entities[0]);
    }
  });

  it('says who shares a limit', () => {
    FITTING.forEach((_, index) => {
      const own = limitsOf([index]);
      const key = own.find('u', 'c')!.sharedBy;
      const sameUser = own.find('u', 'd')?.sharedBy;
      const sameClient = own.find('v', 'c')?.sharedBy;
      expect([sameUser === key, sameClient === key], SHARED[index]).to.deep.equal([SHARED[index] === 'user', SHARED[index] === 'client']);
    });
  });

  it('leaves a client that tells no id to the entities of users alone', () => {
    const found = FITTING.map((_, index) => limitsOf([index]).find('u', '')?.limit);
    expect(found).to.deep.equal([undefined, undefined, 2, undefined, undefined, 5, undefined, undefined]);
  });

  it('never mixes users and client ids up, whatever they are called', () => {
    const name = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('1', ':', 'a') });
    fc.assert(
      fc.property(name, name, name, name, (user, clientId, otherUser, otherId) => {
        fc.pre(user !== otherUser || clientId !== otherId);
        const limits = new QuotaLimits();
        limits.set(null, null, 1);
        expect(limits.find(user, clientId)!.sharedBy).not.to.equal(limits.find(otherUser, otherId)!.sharedBy);
        limits.set(user, undefined, 2);
        expect(limits.find(user, clientId)!.sharedBy).not.to.equal(limits.find(`${user}1`, clientId)!.sharedBy);
      }),
    );
  });

  it('does as a list that is searched in order, whatever is set, taken away and cleared', () => {
    const part = fc.constantFrom<EntityName>('a', 'b', null, undefined);
    const change = fc.record({ user: part, clientId: part, limit: fc.option(fc.nat(9), { nil: undefined }) });
    const step = fc.oneof({ weight: 9, arbitrary: change }, { weight: 1, arbitrary: fc.constantFrom<'users' | 'clients'>('users', 'clients') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom('a', 'b', 'x'), fc.constantFrom('a', 'b', 'x', ''), (steps, user, clientId) => {
        const limits = new QuotaLimits();
        let list: { user: EntityName; clientId: EntityName; limit: number }[] = [];
        for (const taken of steps) {
          if (typeof taken === 'string') {
            limits.clear(taken);
            list = list.filter((entry) => (entry.user !== undefined) !== (taken === 'users'));
            continue;
          }
          if (taken.user === undefined && taken.clientId === undefined) continue;
          limits.set(taken.user, taken.clientId, taken.limit);
          list = list.filter((entry) => entry.user !== taken.user || entry.clientId !== taken.clientId);
          if (taken.limit !== undefined) list.push({ ...taken, limit: taken.limit });
        }
        const fits = (wanted: EntityName, clientWanted: EntityName) =>
          clientId === '' && clientWanted !== undefined
            ? undefined
            : list.find((entry) => entry.user === wanted && entry.clientId === clientWanted)?.limit;
        const expected = [fits(user, clientId), fits(user, null), fits(user, undefined), fits(null, clientId), fits(null, null)];
        expected.push(fits(null, undefined), fits(undefined, clientId), fits(undefined, null));
        expect(limits.find(user, clientId)?.limit).to.equal(expected.find((limit) => limit !== undefined));
        expect(limits.isEmpty).to.equal(list.length === 0);
      }),
    );
  });
});
