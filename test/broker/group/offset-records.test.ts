import { expect } from 'chai';
import {
  OffsetRecordError,
  decodeGroupValue,
  decodeKey,
  decodeOffsetValue,
  encodeGroupKey,
  encodeGroupValue,
  encodeOffsetKey,
  encodeOffsetValue,
} from '../../../broker/group/offset-records.ts';
import type { GroupValue } from '../../../broker/group/offset-records.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');

const offset = { offset: 258, leaderEpoch: 7, metadata: 'hi', commitTimestamp: 1_700_000_000_123, expireTimestamp: -1 };
const group: GroupValue = {
  protocolType: 'consumer',
  generation: 3,
  protocol: 'range',
  leader: 'm',
  currentStateTimestamp: 1_700_000_000_123,
  members: [
    {
      memberId: 'm',
      groupInstanceId: 'i',
      clientId: 'c',
      clientHost: '/1.2.3.4',
      rebalanceTimeout: 300_000,
      sessionTimeout: 45_000,
      subscription: Buffer.from([0, 1]),
      assignment: Buffer.from([2, 3, 4]),
    },
  ],
};
const groupHex = `0003 0008 636f6e73756d6572 00000003 0005 72616e6765 0001 6d 0000018bcfe5687b 00000001
  0001 6d 0001 69 0001 63 0008 2f312e322e332e34 000493e0 0000afc8 00000002 0001 00000003 020304`;

describe('offset record keys', () => {
  it('are version 1 for offsets and 2 for groups', () => {
    expect(encodeOffsetKey('g1', 'tö', 5)).to.deep.equal(hex('0001 0002 6731 0003 74c3b6 00000005'));
    expect(encodeGroupKey('g1')).to.deep.equal(hex('0002 0002 6731'));
  });

  it('are read back, version 0 too', () => {
    expect(decodeKey(hex('0001 0002 6731 0003 74c3b6 00000005'))).to.deep.equal({ kind: 'offset', group: 'g1', topic: 'tö', partition: 5 });
    expect(decodeKey(hex('0000 0000 0001 74 00000000'))).to.deep.equal({ kind: 'offset', group: '', topic: 't', partition: 0 });
    expect(decodeKey(hex('0002 0002 6731'))).to.deep.equal({ kind: 'group', group: 'g1' });
  });

  it('of versions nobody knows say so', () => {
    expect(decodeKey(hex('0003 ffff'))).to.deep.equal({ kind: 'unknown', version: 3 });
  });

  it('that end too early are refused, wherever they end', () => {
    const key = hex('0001 0002 6731 0003 74c3b6 00000005');
    for (let size = 0; size < key.length; size++) {
      expect(() => decodeKey(key.subarray(0, size)), `${size} bytes`).to.throw(OffsetRecordError);
    }
  });
});

describe('offset record values', () => {
  it('are version 3', () => {
    const bytes = hex('0003 0000000000000102 00000007 0002 6869 0000018bcfe5687b');
    expect(encodeOffsetValue(offset)).to.deep.equal(bytes);
    expect(decodeOffsetValue(bytes)).to.deep.equal(offset);
  });

  it('are version 1 when they carry an expiry time, which has no room for the leader epoch', () => {
    const bytes = hex('0001 0000000000000102 0002 6869 0000018bcfe5687b 0000018bcfe56c63');
    const expiring = { ...offset, expireTimestamp: 1_700_000_001_123 };
    expect(encodeOffsetValue(expiring)).to.deep.equal(bytes);
    expect(decodeOffsetValue(bytes)).to.deep.equal({ ...expiring, leaderEpoch: -1 });
  });

  it('of versions 0 and 2 are read', () => {
    const older = { ...offset, leaderEpoch: -1 };
    expect(decodeOffsetValue(hex('0000 0000000000000102 0002 6869 0000018bcfe5687b'))).to.deep.equal(older);
    expect(decodeOffsetValue(hex('0002 0000000000000102 0002 6869 0000018bcfe5687b'))).to.deep.equal(older);
  });

  it('of a version nobody knows are refused', () => {
    expect(() => decodeOffsetValue(hex('0004 00'))).to.throw(OffsetRecordError, 'its version is 4, this build reads 0 to 3');
  });
});

describe('group record values', () => {
  it('are version 3', () => {
    expect(encodeGroupValue(group)).to.deep.equal(hex(groupHex));
    expect(decodeGroupValue(hex(groupHex))).to.deep.equal(group);
  });

  it('of an empty group have null protocol and leader', () => {
    const empty = { ...group, protocol: null, leader: null, members: [] };
    const bytes = hex('0003 0008 636f6e73756d6572 00000003 ffff ffff 0000018bcfe5687b 00000000');
    expect(encodeGroupValue(empty)).to.deep.equal(bytes);
    expect(decodeGroupValue(bytes)).to.deep.equal(empty);
  });

  it('of version 0 use the session timeout for both purposes', () => {
    const value = decodeGroupValue(
      hex(`0000 0008 636f6e73756d6572 00000003 0005 72616e6765 0001 6d 00000001
        0001 6d 0001 63 0008 2f312e322e332e34 0000afc8 00000002 0001 00000003 020304`),
    );
    expect(value.currentStateTimestamp).to.equal(-1);
    expect(value.members).to.deep.equal([{ ...group.members[0]!, groupInstanceId: null, rebalanceTimeout: 45_000 }]);
  });

  it('that end too early are refused, wherever they end', () => {
    const bytes = hex(groupHex);
    for (let size = 0; size < bytes.length; size++) {
      expect(() => decodeGroupValue(bytes.subarray(0, size)), `${size} bytes`).to.throw(OffsetRecordError);
    }
  });
});
