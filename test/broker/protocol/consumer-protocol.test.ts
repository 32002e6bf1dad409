import { expect } from 'chai';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../broker/protocol/consumer-protocol.ts';

describe('consumer protocol', () => {
  it('writes a subscription as Kafka does', () => {
    const expected = Buffer.from('0000 00000001 0001 74 ffffffff'.replaceAll(' ', ''), 'hex');
    expect(encodeSubscription({ topics: ['t'], userData: null }, 0)).to.deep.equal(expected);
    expect(decodeSubscription(expected)).to.deep.include({ topics: ['t'], userData: null, generationId: -1, rackId: null });
  });

  it('reads what it knows of a subscription from the future', () => {
    const known = encodeSubscription({ topics: ['t'], generationId: 4, rackId: 'r' }, 3);
    known.writeInt16BE(9, 0);
    expect(decodeSubscription(Buffer.concat([known, Buffer.from('more')]))).to.deep.include({
      topics: ['t'],
      generationId: 4,
      rackId: 'r',
    });
  });

  it('returns null for bytes that are something else', () => {
    expect(decodeSubscription(Buffer.from('0001 7fffffff'.replaceAll(' ', ''), 'hex'))).to.equal(null);
    expect(decodeAssignment(Buffer.from([0xff, 0xff]))).to.equal(null);
  });

  it('reads an assignment, and no bytes as no partitions', () => {
    const assignedPartitions = [{ topic: 't', partitions: [0, 2] }];
    expect(decodeAssignment(encodeAssignment({ assignedPartitions }))).to.deep.equal({ assignedPartitions, userData: null });
    expect(decodeAssignment(Buffer.alloc(0))?.assignedPartitions).to.deep.equal([]);
  });
});
