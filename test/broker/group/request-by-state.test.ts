import { expect } from 'chai';
import { ErrorCode, errorName } from '../../../broker/protocol/error-codes.ts';
import { defaultGroupConfig } from '../../../broker/group/group-config.ts';
import type { Effect, JoinRequest } from '../../../broker/group/group-messages.ts';
import type { GroupState } from '../../../broker/group/group-state.ts';
import { Group } from '../../../broker/group/group.ts';

const now = { wallMs: 0, monotonicMs: 0 };
const config = { ...defaultGroupConfig, groupInitialRebalanceDelayMs: 0 };

function join(memberId: string, newMemberId = memberId, meta = 'm'): JoinRequest {
  return {
    replyTo: 1,
    memberId,
    newMemberId,
    groupInstanceId: null,
    requireKnownMemberId: false,
    supportSkippingAssignment: true,
    clientId: 'c',
    clientHost: '/',
    rebalanceTimeoutMs: 60_000,
    sessionTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from(meta) }],
    reason: null,
  };
}

/** A group in `state` that knows the members `leader` and `member` in generation 2, where the state has members at all. */
function groupIn(state: GroupState): Group {
  const group = new Group('g', config, now);
  group.join(join('', 'leader'), now);
  group.expire(now);
  group.join(join('', 'member'), now);
  group.join(join('leader'), now);
  if (state === 'CompletingRebalance') return group;
  const claim = { generationId: 2, groupInstanceId: null, protocolType: null, protocolName: null };
  const assignments = new Map([['member', Buffer.from('mine')]]);
  group.sync({ ...claim, replyTo: 1, memberId: 'member', assignments: new Map() }, now);
  for (const effect of group.sync({ ...claim, replyTo: 2, memberId: 'leader', assignments }, now)) {
    if (effect.kind === 'store') group.stored(effect.write, ErrorCode.NONE, now);
  }
  if (state === 'PreparingRebalance') group.join(join('', 'third'), now);
  if (state === 'Empty') {
    group.leave(['leader', 'member'].map((memberId) => ({ memberId, groupInstanceId: null, reason: null })), now);
  }
  if (state === 'Dead') group.unload(now);
  expect(group.state).to.equal(state);
  return group;
}

function outcome(effects: readonly Effect[]): string {
  for (const effect of effects) {
    if (effect.kind === 'joinReply') return `${errorName(effect.result.errorCode)} gen=${effect.result.generationId}`;
    if (effect.kind === 'syncReply') return `${errorName(effect.result.errorCode)} "${effect.result.assignment.toString()}"`;
    if (effect.kind === 'store') return 'writes the assignment';
  }
  return 'waits';
}

const claim = { generationId: 2, memberId: 'member', groupInstanceId: null };
const sync = { ...claim, replyTo: 9, protocolType: null, protocolName: null, assignments: new Map<string, Buffer>() };
const asOutsider = { generationId: -1, memberId: '', groupInstanceId: null };

const requests: Record<string, (group: Group) => string> = {
  'join, same metadata': (group) => outcome(group.join({ ...join('member'), replyTo: 9 }, now)),
  'join, other metadata': (group) => `${outcome(group.join({ ...join('member', '', 'other'), replyTo: 9 }, now))}, ${group.state}`,
  'join, leader': (group) => `${outcome(group.join({ ...join('leader'), replyTo: 9 }, now))}, ${group.state}`,
  'join, nobody we know': (group) => outcome(group.join({ ...join('stranger'), replyTo: 9 }, now)),
  'sync, member': (group) => outcome(group.sync(sync, now)),
  'sync, leader': (group) => outcome(group.sync({ ...sync, memberId: 'leader' }, now)),
  'sync, old generation': (group) => outcome(group.sync({ ...sync, generationId: 1 }, now)),
  heartbeat: (group) => errorName(group.heartbeat(claim, now)),
  'heartbeat, old generation': (group) => errorName(group.heartbeat({ ...claim, generationId: 1 }, now)),
  'commit, member': (group) => errorName(group.admitCommit(claim, now)),
  'commit, old generation': (group) => errorName(group.admitCommit({ ...claim, generationId: 1 }, now)),
  'commit, no generation': (group) => errorName(group.admitCommit(asOutsider, now)),
  'commit in a transaction, no generation': (group) => errorName(group.admitCommit(asOutsider, now, true)),
};

const U = 'UNKNOWN_MEMBER_ID';
const R = 'REBALANCE_IN_PROGRESS';
const I = 'ILLEGAL_GENERATION';
const D = 'COORDINATOR_NOT_AVAILABLE';
const states: GroupState[] = ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'];
/** The table of Kafka's classic groups: a row a request, a column a state, in the order of `states`. */
const table: Record<string, readonly string[]> = {
  'join, same metadata': [`${U} gen=-1`, 'waits', 'NONE gen=2', 'NONE gen=2', `${D} gen=-1`],
  'join, other metadata': [
    `${U} gen=-1, Empty`,
    'waits, PreparingRebalance',
    'waits, PreparingRebalance',
    'waits, PreparingRebalance',
    `${D} gen=-1, Dead`,
  ],
  'join, leader': [
    `${U} gen=-1, Empty`,
    'waits, PreparingRebalance',
    'NONE gen=2, CompletingRebalance',
    'waits, PreparingRebalance',
    `${D} gen=-1, Dead`,
  ],
  'join, nobody we know': [`${U} gen=-1`, `${U} gen=-1`, `${U} gen=-1`, `${U} gen=-1`, `${D} gen=-1`],
  'sync, member': [`${U} ""`, `${R} ""`, 'waits', 'NONE "mine"', `${D} ""`],
  'sync, leader': [`${U} ""`, `${R} ""`, 'writes the assignment', 'NONE ""', `${D} ""`],
  'sync, old generation': [`${U} ""`, `${I} ""`, `${I} ""`, `${I} ""`, `${D} ""`],
  heartbeat: [U, R, 'NONE', 'NONE', D],
  'heartbeat, old generation': [U, I, I, I, D],
  'commit, member': [U, 'NONE', R, 'NONE', D],
  'commit, old generation': [U, I, I, I, D],
  'commit, no generation': ['NONE', U, U, U, D],
  'commit in a transaction, no generation': ['NONE', 'NONE', 'NONE', 'NONE', D],
};

describe('Group, request by state', () => {
  it('has a row for every request', () => expect(Object.keys(table)).to.have.members(Object.keys(requests)));
  for (const [name, row] of Object.entries(table)) {
    states.forEach((state, i) => {
      it(`${name} in ${state}: ${row[i]}`, () => expect(requests[name]!(groupIn(state))).to.equal(row[i]));
    });
  }
});
