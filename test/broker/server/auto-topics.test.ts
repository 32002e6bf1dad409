import { expect } from 'chai';
import { ErrorCode, errorName } from '../../../broker/protocol/error-codes.ts';
import { AutoTopics } from '../../../broker/server/auto-topics.ts';
import { AdminError } from '../../../broker/server/topic-admin.ts';
import type { CreatedTopic, NewTopic } from '../../../broker/server/topic-admin.ts';
import { loadBrokerSettings } from '../../../broker/settings/settings.ts';
import { RecordingLogger } from '../log/support.ts';

const { settings } = loadBrokerSettings(new Map([['zookeeper.connect', 'localhost:2181']]));

function rig(hasBeenTold: boolean, refusal: Error | null = null) {
  const created: string[] = [];
  const cache = { hasBeenTold };
  const admin = {
    create: ({ name }: NewTopic): Promise<CreatedTopic> => {
      created.push(name);
      const made: CreatedTopic = { topicId: 'z1kEJjtzQFGK8QGLdNU5yA', assignment: new Map(), configs: new Map() };
      return refusal === null ? Promise.resolve(made) : Promise.reject(refusal);
    },
  };
  return { created, cache, topics: new AutoTopics({ admin, cache, settings, logger: new RecordingLogger() }) };
}

describe('AutoTopics', () => {
  const cases = [
    { what: 'a topic that is made', refusal: null, answer: ErrorCode.LEADER_NOT_AVAILABLE },
    { what: 'one that somebody else made', refusal: new AdminError(ErrorCode.TOPIC_ALREADY_EXISTS, 'is there'), answer: ErrorCode.LEADER_NOT_AVAILABLE },
    { what: 'too few brokers', refusal: new AdminError(ErrorCode.INVALID_REPLICATION_FACTOR, 'too few'), answer: ErrorCode.INVALID_REPLICATION_FACTOR },
    { what: 'a coordinator that does not answer', refusal: new Error('gone'), answer: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ];
  for (const { what, refusal, answer } of cases) {
    it(`answer ${errorName(answer)} to ${what}`, async () => {
      const { topics, created } = rig(true, refusal);
      expect(await topics.create('t')).to.equal(answer);
      expect(created).to.deep.equal(['t']);
    });
  }

  it('make nothing of a bad name', async () => {
    const { topics, created } = rig(true);
    expect(await topics.create('a b')).to.equal(ErrorCode.INVALID_TOPIC_EXCEPTION);
    expect(created).to.deep.equal([]);
  });

  it('let clients ask again while the broker has not heard from a controller, and then make what they ask for', async () => {
    const { topics, cache, created } = rig(false);
    expect(await topics.create('t')).to.equal(ErrorCode.LEADER_NOT_AVAILABLE);
    expect(created).to.deep.equal([]);
    cache.hasBeenTold = true;
    expect(await topics.create('t')).to.equal(ErrorCode.LEADER_NOT_AVAILABLE);
    expect(created).to.deep.equal(['t']);
  });
});
