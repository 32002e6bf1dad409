import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { UpdateMetadataRequest } from '../../../broker/protocol/messages/06-update-metadata.ts';
import { ZERO_UUID } from '../../../broker/protocol/schema.ts';
import { MetadataCache } from '../../../broker/server/metadata-cache.ts';

const ID = '2wsVfaPQSW2y7i5fkXoQqA';
const OTHER_ID = 'pCAxvrIsQDmvPTwwvU348w';

const partition = (partitionIndex: number, leader: number, leaderEpoch = 0) => ({
  partitionIndex,
  controllerEpoch: 1,
  leader,
  leaderEpoch,
  isr: [leader],
  zkVersion: 3,
  replicas: [leader, 9],
  offlineReplicas: [9],
});

const update = (more: Partial<UpdateMetadataRequest>): UpdateMetadataRequest => ({
  controllerId: 1,
  isKRaftController: false,
  controllerEpoch: 1,
  brokerEpoch: -1,
  ungroupedPartitionStates: [],
  topicStates: [],
  liveBrokers: [1, 2].map((id) => ({
    id,
    v0Host: '',
    v0Port: 0,
    endpoints: [
      { host: `h${id}`, port: 9092, listener: 'PLAINTEXT', securityProtocol: 0 },
      ...(id === 1 ? [{ host: 'inside', port: 9093, listener: 'INTERNAL', securityProtocol: 0 }] : []),
    ],
    rack: id === 1 ? 'r1' : null,
  })),
  ...more,
});

const topic = (topicId: string, ...partitionStates: ReturnType<typeof partition>[]) => [
  { topicName: 't', topicId, partitionStates },
];

describe('MetadataCache', () => {
  it('knows nothing before the controller has spoken', () => {
    const cache = new MetadataCache();
    expect(cache.controllerId).to.equal(-1);
    expect(cache.brokers('PLAINTEXT')).to.deep.equal([]);
    expect(cache.topicId('t')).to.equal(ZERO_UUID);
  });

  it('tells brokers under the addresses of a listener', () => {
    const cache = new MetadataCache();
    cache.update(update({}));
    expect(cache.controllerId).to.equal(1);
    expect(cache.brokers('PLAINTEXT').map(({ host }) => host)).to.deep.equal(['h1', 'h2']);
    expect(cache.brokers('INTERNAL')).to.deep.equal([{ id: 1, host: 'inside', port: 9093, rack: 'r1' }]);
    expect(cache.endpoint(2, 'INTERNAL')).to.equal(null);
    expect(cache.brokerRacks()).to.deep.equal([
      { id: 1, rack: 'r1' },
      { id: 2, rack: null },
    ]);
  });

  it('learns partitions, changes them and forgets deleted ones', () => {
    const cache = new MetadataCache();
    cache.update(update({ topicStates: topic(ID, partition(1, 2), partition(0, 1)) }));
    expect(cache.partitionsOf('t').map(([index, { leader }]) => [index, leader])).to.deep.equal([
      [0, 1],
      [1, 2],
    ]);
    expect(cache.topicName(ID)).to.equal('t');
    expect(cache.leaderEndpoint('t', 1, 'PLAINTEXT')).to.include({ id: 2, host: 'h2' });
    cache.update(update({ topicStates: topic(ID, partition(1, -1, 1)) }));
    expect(cache.getPartition('t', 1)).to.include({ leader: -1, leaderEpoch: 1 });
    expect(cache.leaderEndpoint('t', 1, 'PLAINTEXT')).to.equal(null);
    cache.update(update({ topicStates: topic(ID, partition(0, -2), partition(1, -2)) }));
    expect(cache.hasTopic('t')).to.equal(false);
    expect(cache.topicName(ID)).to.equal(undefined);
  });

  it('takes a topic with another id for a new topic', () => {
    const cache = new MetadataCache();
    cache.update(update({ topicStates: topic(ID, partition(0, 1), partition(1, 1)) }));
    cache.update(update({ topicStates: topic(OTHER_ID, partition(0, 2)) }));
    expect(cache.partitionCount('t')).to.equal(1);
    expect(cache.topicName(ID)).to.equal(undefined);
    expect(cache.topicName(OTHER_ID)).to.equal('t');
  });

  it('does not listen to a controller that was followed by another one', () => {
    const cache = new MetadataCache();
    cache.update(update({ controllerId: 2, controllerEpoch: 5 }));
    expect(cache.update(update({ controllerEpoch: 4 }))).to.equal(ErrorCode.STALE_CONTROLLER_EPOCH);
    expect(cache.controllerId).to.equal(2);
  });

  it('has no controller once that is no living broker', () => {
    const cache = new MetadataCache();
    cache.update(update({ controllerId: 7 }));
    expect(cache.controllerId).to.equal(-1);
  });

  it('wakes those who wait for something to hold', async () => {
    const cache = new MetadataCache();
    const waiting = cache.waitUntil(() => cache.hasPartition('t', 0), 20_000);
    cache.update(update({}));
    cache.update(update({ topicStates: topic(ID, partition(0, 1)) }));
    expect(await waiting).to.equal(true);
    expect(await cache.waitUntil(() => false, 1)).to.equal(false);
    expect(await cache.waitUntil(() => false, 0)).to.equal(false);
  });

  it('understands requests of old controllers', () => {
    const cache = new MetadataCache();
    cache.update(
      update({
        ungroupedPartitionStates: [{ topicName: 't', ...partition(0, 1) }],
        liveBrokers: [{ id: 1, v0Host: 'old', v0Port: 9092, endpoints: [], rack: '' }],
      }),
    );
    expect(cache.leaderEndpoint('t', 0, 'PLAINTEXT')).to.include({ host: 'old', port: 9092 });
  });
});
