import { expect } from 'chai';
import { CoordinatorFinder } from '../../../broker/group/coordinator-finder.ts';
import type { InternalTopic } from '../../../broker/group/coordinator-finder.ts';
import { defaultGroupConfig } from '../../../broker/group/group-config.ts';
import { findCoordinatorHandler } from '../../../broker/handlers/10-find-coordinator.ts';
import { findCoordinator } from '../../../broker/protocol/messages/10-find-coordinator.ts';
import { settle } from '../group/manual-time.ts';
import { call, versionsOf } from './groups.ts';

function world() {
  const created: InternalTopic[] = [];
  let finish: () => void = () => undefined;
  const state = { exists: false, hasLeader: false };
  const finder = new CoordinatorFinder({
    config: { ...defaultGroupConfig, offsetsTopicReplicationFactor: 1 },
    partitionFor: () => 9,
    cluster: {
      hasTopic: (topic) => topic === '__consumer_offsets' && state.exists,
      leaderEndpoint: (_topic, partition, listener) => (state.hasLeader ? { id: 3, host: `${listener}-host`, port: 9000 + partition } : null),
    },
    ensureTopic: (topic) => {
      created.push(topic);
      return new Promise((_resolve, reject) => {
        finish = () => reject(new Error('too few brokers'));
      });
    },
  });
  return { state, created, handler: findCoordinatorHandler(finder), finish: () => finish() };
}

const request = (version: number, keyType = 0) => (version < 4 ? { key: 'g', keyType } : { keyType, coordinatorKeys: ['g', 'h'] });

describe('FindCoordinator', () => {
  it('creates the offsets topic on the first question, once, and again after a failure', async () => {
    const { handler, created, finish } = world();
    for (let i = 0; i < 3; i++) await call(findCoordinator, handler, 2, request(2));
    expect(created).to.deep.equal([
      {
        name: '__consumer_offsets',
        numPartitions: 50,
        replicationFactor: 1,
        configs: { 'compression.type': 'producer', 'cleanup.policy': 'compact', 'segment.bytes': '104857600' },
      },
    ]);
    finish();
    await settle();
    await call(findCoordinator, handler, 2, request(2));
    expect(created).to.have.length(2);
  });

  for (const version of versionsOf(findCoordinator)) {
    it(`v${version} says 15 until the partition has a leader, then where it is`, async () => {
      const { handler, state, created } = world();
      state.exists = true;
      const unavailable = await call(findCoordinator, handler, version, request(version));
      state.hasLeader = true;
      const found = await call(findCoordinator, handler, version, request(version));
      expect(created).to.deep.equal([]);
      if (version < 4) {
        expect(unavailable).to.deep.include({ errorCode: 15, nodeId: -1, host: '', port: -1 });
        expect(found).to.deep.include({ errorCode: 0, nodeId: 3, host: 'PLAINTEXT-host', port: 9009 });
        if (version > 0) expect([unavailable.errorMessage, found.errorMessage]).to.deep.equal(['The coordinator is not available.', 'NONE']);
        return;
      }
      expect(unavailable.coordinators.map(({ key, errorCode, nodeId }) => [key, errorCode, nodeId])).to.deep.equal([['g', 15, -1], ['h', 15, -1]]);
      const where = { nodeId: 3, host: 'PLAINTEXT-host', port: 9009, errorCode: 0, errorMessage: '' };
      expect(found.coordinators).to.deep.equal([{ key: 'g', ...where }, { key: 'h', ...where }]);
    });
  }

  it('has no coordinator for transactions, and no other kind', async () => {
    const { handler, state } = world();
    state.exists = state.hasLeader = true;
    expect((await call(findCoordinator, handler, 3, request(3, 1))).errorCode).to.equal(15);
    expect((await call(findCoordinator, handler, 3, request(3, 2))).errorCode).to.equal(42);
    const { coordinators } = await call(findCoordinator, handler, 4, request(4, 2));
    expect(coordinators.map(({ errorCode }) => errorCode)).to.deep.equal([42, 42]);
  });
});
