/** Throttling of requests and of connections, on a member whose disk answers when the test says so. */
import { expect } from 'chai';
import type { Member } from '../../../coordinator/server/member.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { create } from '../raw-client.ts';
import { closeMembers, testMember } from './test-member.ts';

const count = (member: Member, name: string): string | number | undefined => [...member.view.monitor()].find(([key]) => key === name)?.[1];
const SET = { op: 'setData', path: '/a', data: null, version: -1 } as const;
const GET = { op: 'getData', path: '/a', watch: false } as const;

describe('throttling of requests', () => {
  afterEach(closeMembers);

  /** A member with `/a`, whose log is durable only when told. */
  const slowMember = async (more: Record<string, string>) => {
    const world = await testMember({ requestThrottleLimit: '2', requestThrottleStallTime: '1', ...more });
    // Who is not read from for a while, because too much waits, must not be taken for dead on a slow machine.
    const [one, other] = [await world.session({ timeoutMs: 60_000 }), await world.session({ timeoutMs: 60_000 })];
    expect((await one.call(create('/a'))).error).to.equal(0);
    world.log().autoSync = false;
    return { ...world, one, other };
  };

  it('has requests wait while too many are in process, all in the order in which they came', async () => {
    const { member, log, one, other } = await slowMember({});
    const sets = one.post(SET, SET, SET, SET, GET);
    while (member.view.outstanding < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    const late = other.post(GET);
    while (Number(count(member, 'request_throttle_wait_count')) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(member.view.outstanding).to.equal(2);
    expect(other.received.some((message) => message.kind === 'reply' && message.xid === late[0])).to.equal(false);
    log().autoSync = true;
    log().sync();
    expect((await one.replyTo(sets[4]!)).response).to.have.nested.property('stat.version', 4);
    expect((await other.replyTo(late[0]!)).response).to.have.nested.property('stat.version', 4);
    const order = one.received.filter((message) => message.kind === 'reply').map((message) => message.xid);
    expect(order).to.deep.equal([...order].sort((a, b) => a - b));
  });

  it('drops what went stale with its connection', async () => {
    const { member, log, one, other } = await slowMember({});
    one.post(SET, SET);
    while (member.view.outstanding < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    other.post(create('/never'), create('/never-either'));
    while (Number(count(member, 'request_throttle_wait_count')) < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    other.close();
    while (count(member, 'stale_requests_dropped') !== 1) await new Promise((resolve) => setTimeout(resolve, 1));
    log().autoSync = true;
    log().sync();
    expect((await one.call({ op: 'getChildren', path: '/', watch: false })).response).to.deep.equal({ children: ['zookeeper', 'a'] });
  });

  it('counts answers that nobody is there to read', async () => {
    const { member, log, one, other } = await slowMember({});
    one.post(SET, SET);
    while (member.view.outstanding < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    one.close();
    while (count(member, 'stale_replies') !== 2) await new Promise((resolve) => setTimeout(resolve, 1));
    log().autoSync = true;
    log().sync();
    expect((await other.call(GET)).response).to.have.nested.property('stat.version', 2);
  });

  it('answers what waited too long without doing it', async () => {
    const { member, log, one, other } = await slowMember({ throttledOpWaitTime: '1' });
    one.post(SET, SET);
    while (member.view.outstanding < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    const [late] = other.post(SET);
    while (Number(count(member, 'request_throttle_wait_count')) < 5) await new Promise((resolve) => setTimeout(resolve, 1));
    log().autoSync = true;
    log().sync();
    expect((await other.replyTo(late!)).error).to.equal(ErrorCode.THROTTLEDOP);
    expect(count(member, 'throttled_ops')).to.equal(1);
    expect((await other.call(GET)).response).to.have.nested.property('stat.version', 2);
  });

  it('keeps the requests of one who never waits within bounds, and loses none', async () => {
    const { log, one, member } = await slowMember({ requestThrottleLimit: '1' });
    const xids: number[] = [];
    for (let i = 0; i < 12; i++) xids.push(...one.post(...Array.from({ length: 1000 }, () => SET)));
    while (member.view.outstanding < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    log().autoSync = true;
    log().sync();
    expect((await one.replyTo(xids.at(-1)!)).response).to.have.nested.property('stat.version', 12_000);
  }).timeout(30_000);
});

describe('throttling of connections', () => {
  afterEach(closeMembers);

  it('refuses who finds no token, without an answer', async () => {
    const { member, session, client } = await testMember({ connectionMaxTokens: '2', connectionTokenFillTime: '1000000000' });
    const one = await session();
    await session();
    const third = client();
    await third.connect().then(
      () => expect.fail('it was let in'),
      () => undefined,
    );
    expect(count(member, 'connection_rejected')).to.equal(1);
    expect(count(member, 'max_connection_token_deficit')).to.equal(2);
    expect((await one.call({ op: 'ping' })).error).to.equal(0);
  });

  it('understands the system properties of the same things', async () => {
    const { session, client } = await testMember({ 'zookeeper.connection_throttle_tokens': '1', 'zookeeper.connection_throttle_fill_time': '1000000000' });
    await session();
    const refused = await client().connect().then(
      () => 'let in',
      () => 'refused',
    );
    expect(refused).to.equal('refused');
  });
});
