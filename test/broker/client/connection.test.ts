import { expect } from 'chai';
import { negotiate } from '../../../broker/client/cluster.ts';
import { Connection } from '../../../broker/client/connection.ts';
import { ConnectionError } from '../../../broker/client/errors.ts';
import { heartbeat } from '../../../broker/protocol/messages/12-heartbeat.ts';
import { listGroups } from '../../../broker/protocol/messages/16-list-groups.ts';
import { ScriptedBroker } from './scripted-broker.ts';

const beat = (generationId: number) => ({ groupId: 'g', generationId, memberId: 'm' });

async function failureOf(promise: Promise<unknown>): Promise<ConnectionError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(ConnectionError);
  return error as ConnectionError;
}

describe('Connection', () => {
  let broker: ScriptedBroker;
  let connection: Connection;

  beforeEach(async () => {
    broker = await ScriptedBroker.start();
    broker.on(heartbeat.key, ({ generationId }: { generationId: number }) => ({ errorCode: generationId }));
    connection = await Connection.connect({ host: '127.0.0.1', port: broker.port, clientId: 'test' });
    await negotiate(connection);
  });
  afterEach(async () => {
    connection.close();
    await broker.close();
  });

  it('pipelines requests and gives each its own answer', async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => connection.request(heartbeat, beat(n))));
    expect(answers.map(({ errorCode }) => errorCode)).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('uses the highest version both sides speak', async () => {
    broker.ranges.set(heartbeat.key, [0, 2]);
    await negotiate(connection);
    await connection.request(heartbeat, beat(0));
    expect(broker.received.at(-1)).to.include({ key: heartbeat.key, version: 2 });
  });

  it('refuses an API that the broker does not offer', async () => {
    expect(() => connection.versionOf(listGroups)).to.throw(ConnectionError, 'ListGroups cannot be used');
  });

  it('fails what is in flight when the broker hangs up', async () => {
    broker.on(heartbeat.key, () => 'close');
    expect((await failureOf(connection.request(heartbeat, beat(1)))).code).to.equal('CLOSED');
    expect((await failureOf(connection.request(heartbeat, beat(1)))).code).to.equal('CLOSED');
  });

  it('gives up on an answer that does not come', async () => {
    broker.on(heartbeat.key, () => null);
    expect((await failureOf(connection.request(heartbeat, beat(1), { timeoutMs: 20 }))).code).to.equal('TIMED_OUT');
  });

  it('waits for as long as the broker does not read, and for its answer then', async () => {
    let isThrottled = true;
    broker.on(heartbeat.key, () => {
      if (!isThrottled) return null;
      isThrottled = false;
      return { errorCode: 0, throttleTimeMs: 3_600_000 };
    });
    await connection.request(heartbeat, beat(1));
    const unanswered = failureOf(connection.request(heartbeat, beat(2), { timeoutMs: 1 }));
    const other = await Connection.connect({ host: '127.0.0.1', port: broker.port, clientId: 'other' });
    await negotiate(other);
    expect((await failureOf(other.request(heartbeat, beat(1), { timeoutMs: 20 }))).code).to.equal('TIMED_OUT');
    expect(connection.closed).to.equal(false);
    connection.close();
    expect((await unanswered).code).to.equal('CLOSED');
  });

  it('says what it could not reach', async () => {
    const { port } = broker;
    await broker.close();
    const error = await failureOf(Connection.connect({ host: '127.0.0.1', port, clientId: null }));
    expect(error.code).to.equal('REFUSED');
    expect(error.message).to.include(`127.0.0.1:${port}`);
    broker = await ScriptedBroker.start();
  });
});
