import { expect } from 'chai';
import type { PeerMessage } from '../../../coordinator/zab/messages.ts';
import { packMessage, unpackMessage } from '../../../coordinator/zab/messages.ts';

const config = { version: 7, voters: [1, 2, 3], observers: [4], groups: {}, weights: { 1: 2 }, text: 'server.1=…' };

describe('peer messages', () => {
  it('travel as arrays and come back the same', () => {
    const messages: PeerMessage[] = [
      {
        type: 'NOTIFICATION',
        state: 'LEADING',
        leader: 3,
        zxid: 5,
        peerEpoch: 1,
        electionEpoch: 2,
        fresh: false,
        established: true,
        config,
      },
      { type: 'PROPOSAL', attempt: 1, firstZxid: 1, lastZxid: 2, body: Uint8Array.of(1, 2), committedZxid: 0, config: null },
      { type: 'APP', attempt: 4, afterZxid: 9, payload: ['anything'] },
    ];
    for (const message of messages) expect(unpackMessage(packMessage(message))).to.deep.equal(message);
  });

  it('are refused when a field is not what it should be', () => {
    const ack = packMessage({ type: 'ACK', attempt: 1, zxid: 2 });
    for (const zxid of [-1, 1.5, NaN, Infinity, 2 ** 53, '2', null, undefined, {}]) {
      expect(unpackMessage([ack[0], 1, zxid])).to.deep.equal({ type: 'invalid', reason: 'ACK.zxid is not uint' });
    }
    expect(unpackMessage([...ack, 3])).to.have.property('type', 'invalid');
    for (const other of [null, 'ACK', {}, [], [99], ['ACK', 1, 2]]) expect(unpackMessage(other)).to.have.property('type', 'invalid');
  });

  it('are refused when a config in them makes no sense', () => {
    for (const broken of [{ ...config, voters: [1, 1] }, { ...config, weights: { 1: -1 } }, { ...config, text: 3 }, null]) {
      const packed = packMessage({ type: 'CONFIG', attempt: 1, config, pendingConfig: null });
      packed[2] = broken;
      expect(unpackMessage(packed)).to.deep.equal({ type: 'invalid', reason: 'CONFIG.config is not config' });
    }
  });
});
