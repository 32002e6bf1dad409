import { expect } from 'chai';
import { AssertionError } from '../../../shared/base/assert.ts';
import { Membership, sameProtocols } from '../../../broker/group/membership.ts';
import type { Member } from '../../../broker/group/membership.ts';

function member(memberId: string, protocols: readonly string[], overrides: Partial<Member> = {}): Member {
  return {
    memberId,
    groupInstanceId: null,
    clientId: 'c',
    clientHost: '/',
    rebalanceTimeoutMs: 1_000,
    sessionTimeoutMs: 1_000,
    protocols: protocols.map((name) => ({ name, metadata: Buffer.from(name) })),
    assignment: Buffer.alloc(0),
    awaitingJoin: null,
    awaitingSync: null,
    isNew: false,
    deadlineMs: Infinity,
    ...overrides,
  };
}

describe('Membership', () => {
  it('lets the first joiner lead, and the next one when it goes', () => {
    const members = new Membership();
    for (const name of ['a', 'b', 'c']) members.add(member(name, ['range']));
    expect(members.leaderId).to.equal('a');
    members.remove('a');
    expect(members.leaderId).to.equal('b');
    members.remove('b');
    members.remove('c');
    expect([members.leaderId, members.size]).to.deep.equal([null, 0]);
  });

  it('chooses the protocol with most votes among those that all support', () => {
    const members = new Membership();
    members.add(member('a', ['sticky', 'range', 'roundrobin']));
    members.add(member('b', ['roundrobin', 'range']));
    members.add(member('c', ['roundrobin', 'sticky', 'range']));
    expect(members.selectProtocol()).to.equal('roundrobin');
    members.remove('b');
    expect(members.selectProtocol(), 'a tie goes to the first vote').to.equal('sticky');
    expect(members.supportsAny([{ name: 'unheard-of', metadata: Buffer.alloc(0) }])).to.equal(false);
    expect(members.supportsAny([{ name: 'unheard-of', metadata: Buffer.alloc(0) }, { name: 'range', metadata: Buffer.alloc(0) }])).to.equal(true);
  });

  it('counts a protocol once that a member names twice', () => {
    const members = new Membership();
    members.add(member('a', ['range', 'range']));
    members.add(member('b', ['roundrobin']));
    expect(members.supportsAny([{ name: 'range', metadata: Buffer.alloc(0) }])).to.equal(false);
  });

  it('keeps count of those who wait, whoever comes, asks again and goes', () => {
    const members = new Membership();
    members.add(member('a', ['range'], { awaitingJoin: 1 }));
    members.add(member('b', ['range']));
    members.pending.set('c', 5);
    expect([members.awaitingJoin, members.allJoined]).to.deep.equal([1, false]);
    expect(members.setAwaitingJoin(members.get('b'), 2)).to.equal(null);
    expect(members.setAwaitingJoin(members.get('b'), 3), 'the request it displaces').to.equal(2);
    expect([members.awaitingJoin, members.allJoined]).to.deep.equal([2, false]);
    members.add(member('c', ['range'], { awaitingJoin: 4 }));
    expect([members.awaitingJoin, members.allJoined]).to.deep.equal([3, true]);
    members.remove('a');
    members.setAwaitingJoin(members.get('b'), null);
    expect(members.awaitingJoin).to.equal(1);
    expect(members.electJoinedLeader()).to.equal(true);
    expect(members.leaderId).to.equal('c');
  });

  it('gives a static member another id and leaves everything else', () => {
    const members = new Membership();
    members.add(member('a', ['range'], { groupInstanceId: 'one' }));
    members.pendingSyncs.add('a');
    members.replaceStatic(members.get('a'), 'a2');
    expect([members.has('a'), members.leaderId, members.staticMemberId('one'), [...members.pendingSyncs]]).to.deep.equal([
      false,
      'a2',
      'a2',
      ['a2'],
    ]);
    members.remove('a2');
    expect([members.staticMemberId('one'), members.pendingSyncs.size, members.staticSize]).to.deep.equal([undefined, 0, 0]);
  });

  it('stops whoever adds an instance twice', () => {
    const members = new Membership();
    members.add(member('a', ['range'], { groupInstanceId: 'one' }));
    expect(() => members.add(member('b', ['range'], { groupInstanceId: 'one' }))).to.throw(AssertionError, 'instance "one" is one member');
  });

  it('compares protocols by name, order and bytes', () => {
    const known = member('a', ['range', 'sticky']);
    expect(sameProtocols(known, known.protocols)).to.equal(true);
    expect(sameProtocols(known, [...known.protocols].reverse())).to.equal(false);
    expect(sameProtocols(known, known.protocols.slice(0, 1))).to.equal(false);
    expect(sameProtocols(known, known.protocols.map(({ name }) => ({ name, metadata: Buffer.from('other') })))).to.equal(false);
  });
});
