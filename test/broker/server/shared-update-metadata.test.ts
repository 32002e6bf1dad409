import { expect } from 'chai';
import type { UpdateMetadataRequest } from '../../../broker/protocol/messages/06-update-metadata.ts';
import { updateMetadata } from '../../../broker/protocol/messages/06-update-metadata.ts';
import { sharedUpdateMetadata } from '../../../broker/server/shared-update-metadata.ts';
import { Writer } from '../../../shared/bytes/writer.ts';

describe('sharedUpdateMetadata', () => {
  const partition = {
    partitionIndex: 0,
    controllerEpoch: 3,
    leader: 1,
    leaderEpoch: 4,
    isr: [1, 2],
    zkVersion: 5,
    replicas: [1, 2],
    offlineReplicas: [],
  };
  /** Large enough to be passed by reference. */
  const topicStates = Array.from({ length: 100 }, (_, n) => ({
    topicName: `topic-${n}`,
    topicId: '2wsVfaPQSW2y7i5fkXoQqA',
    partitionStates: [partition],
  }));
  const endpoints = [{ port: 9092, host: 'h', listener: 'PLAINTEXT', securityProtocol: 0 }];
  const shared: Omit<UpdateMetadataRequest, 'brokerEpoch'> = {
    controllerId: 1,
    isKRaftController: false,
    controllerEpoch: 3,
    ungroupedPartitionStates: [],
    topicStates,
    liveBrokers: [{ id: 1, v0Host: 'h', v0Port: 9092, endpoints, rack: null }],
  };
  const encode = (api: typeof updateMetadata, request: UpdateMetadataRequest, version: number): string => {
    const writer = new Writer();
    api.request.encode(writer, request, version);
    return writer.finish().toString('hex');
  };

  for (let version = updateMetadata.versionMin; version <= updateMetadata.versionMax; version++) {
    it(`v${version} has the very bytes of a request encoded by itself, with each broker's epoch`, () => {
      for (const brokerEpoch of [7, 2 ** 40 + 1, -1]) {
        const request = { ...shared, brokerEpoch };
        const alone = { ...request, topicStates: [...topicStates] };
        expect(encode(sharedUpdateMetadata, request, version)).to.equal(encode(updateMetadata, alone, version));
      }
    });
  }
});
