import { expect } from 'chai';
import {
  brokerIdZnode,
  clusterIdZnode,
  configChangeZnode,
  configZnode,
  controllerEpochZnode,
  controllerZnode,
  featureZnode,
  partitionStateZnode,
  producerIdBlockZnode,
  topicZnode,
  ZnodeError,
} from '../../../broker/controller/znodes.ts';

const text = (data: Buffer): string => data.toString();

describe('znodes', () => {
  it('write JSON byte for byte as Kafka 3.4 does', () => {
    expect(text(controllerZnode.encode(0, 1700000000000))).to.equal(
      '{"version":2,"brokerid":0,"timestamp":"1700000000000","kraftControllerEpoch":-1}',
    );
    const endpoints = [{ listenerName: 'PLAINTEXT', host: 'host', port: 9092, securityProtocol: 'PLAINTEXT' }];
    expect(text(brokerIdZnode.encode({ id: 0, endpoints, rack: null }, 1700000000000))).to.equal(
      '{"features":{},"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"},"endpoints":["PLAINTEXT://host:9092"],"jmx_port":-1,' +
        '"port":9092,"host":"host","version":5,"timestamp":"1700000000000"}',
    );
    expect(text(brokerIdZnode.encode({ id: 0, endpoints, rack: 'r1' }, 1))).to.contain(
      '"jmx_port":-1,"rack":"r1","port":9092',
    );
    const replicas = { replicas: [1, 2], addingReplicas: [], removingReplicas: [] };
    expect(text(topicZnode.encode({ topicId: '2wsVfaPQSW2y7i5fkXoQqA', partitions: new Map([[0, replicas]]) }))).to.equal(
      '{"partitions":{"0":[1,2]},"topic_id":"2wsVfaPQSW2y7i5fkXoQqA","adding_replicas":{},"removing_replicas":{},"version":3}',
    );
    const state = { controllerEpoch: 1, leader: 1, leaderEpoch: 0, isr: [1, 2], recovering: false };
    expect(text(partitionStateZnode.encode(state))).to.equal(
      '{"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1,2]}',
    );
    expect(text(partitionStateZnode.encode({ ...state, recovering: true }))).to.match(
      /"isr":\[1,2\],"leader_recovery_state":1}$/,
    );
    expect(text(configZnode.encode(new Map([['retention.ms', '1000']])))).to.equal(
      '{"version":1,"config":{"retention.ms":"1000"}}',
    );
    expect(text(configChangeZnode.encode('topics', 't'))).to.equal('{"version":2,"entity_path":"topics/t"}');
    expect(text(clusterIdZnode.encode('2wsVfaPQSW2y7i5fkXoQqA'))).to.equal('{"version":"1","id":"2wsVfaPQSW2y7i5fkXoQqA"}');
    expect(text(featureZnode.encode())).to.equal('{"features":{},"version":2,"status":1}');
    expect(text(producerIdBlockZnode.encode({ brokerId: 0, firstProducerId: 0, lastProducerId: 999 }))).to.equal(
      '{"version":1,"broker":0,"block_start":"0","block_end":"999"}',
    );
    expect(text(controllerEpochZnode.encode(7))).to.equal('7');
  });

  it('read back what they write', () => {
    const endpoints = [
      { listenerName: 'INTERNAL', host: '::1', port: 9093, securityProtocol: 'SSL' },
      { listenerName: 'PLAINTEXT', host: '10.0.0.1', port: 9092, securityProtocol: 'PLAINTEXT' },
    ];
    const registration = { id: 3, endpoints, rack: 'r' };
    expect(brokerIdZnode.decode(3, brokerIdZnode.encode(registration, 5))).to.deep.equal(registration);
    const record = {
      topicId: '2wsVfaPQSW2y7i5fkXoQqA',
      partitions: new Map([[0, { replicas: [1, 2, 3], addingReplicas: [3], removingReplicas: [1] }]]),
    };
    expect(topicZnode.decode('t', topicZnode.encode(record))).to.deep.equal(record);
    const state = { controllerEpoch: 4, leader: -1, leaderEpoch: 9, isr: [2], recovering: true };
    expect(partitionStateZnode.decode('t', 0, partitionStateZnode.encode(state))).to.deep.equal(state);
  });

  it('read topics of old writers, who had no ids and no reassignments', () => {
    const { topicId, partitions } = topicZnode.decode('t', Buffer.from('{"version":1,"partitions":{"0":[5]}}'));
    expect(topicId).to.equal(null);
    expect(partitions.get(0)).to.deep.equal({ replicas: [5], addingReplicas: [], removingReplicas: [] });
  });

  it('refuse what is no such znode, and say where it is', () => {
    expect(() => topicZnode.decode('t', Buffer.from('{}'))).to.throw(
      ZnodeError,
      '/brokers/topics/t: "partitions" is missing',
    );
    expect(() => topicZnode.decode('t', Buffer.from('{"partitions":{"x":[1]}}'))).to.throw(
      ZnodeError,
      '"x" is not a partition number',
    );
    expect(() => topicZnode.decode('t', Buffer.from('{"partitions":{"0":"1"}}'))).to.throw(
      ZnodeError,
      'a list of broker ids was expected',
    );
    expect(() => controllerZnode.decode(null)).to.throw(ZnodeError, 'it is empty');
    expect(() => controllerEpochZnode.decode(Buffer.from('one'))).to.throw(ZnodeError, '"one" is not a number');
    expect(() => partitionStateZnode.decode('t', 1, Buffer.from('nonsense'))).to.throw(ZnodeError, 'it is not JSON');
  });
});
