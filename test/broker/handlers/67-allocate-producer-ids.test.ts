import { expect } from 'chai';
import { AllocateProducerIdsHandler } from '../../../broker/handlers/67-allocate-producer-ids.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';

describe('AllocateProducerIdsHandler', () => {
  const state = { active: true, failure: null as Error | null, askedFor: [] as number[] };
  const handler = new AllocateProducerIdsHandler({
    isActiveController: () => state.active,
    brokerEpoch: (brokerId) => (brokerId === 1 ? 77 : null),
    allocateProducerIdBlock: async (brokerId) => {
      await Promise.resolve();
      if (state.failure !== null) throw state.failure;
      state.askedFor.push(brokerId);
      return { start: 3000, length: 1000 };
    },
  });

  it('hands a registered broker a block', async () => {
    const answer = await handler.handle({ brokerId: 1, brokerEpoch: 77 });
    expect(answer).to.deep.equal({ throttleTimeMs: 0, errorCode: 0, producerIdStart: 3000, producerIdLen: 1000 });
    expect(state.askedFor).to.deep.equal([1]);
  });

  it('refuses brokers of another epoch and such as are not registered', async () => {
    expect((await handler.handle({ brokerId: 1, brokerEpoch: 76 })).errorCode).to.equal(ErrorCode.STALE_BROKER_EPOCH);
    expect((await handler.handle({ brokerId: 2, brokerEpoch: 77 })).errorCode).to.equal(ErrorCode.BROKER_ID_NOT_REGISTERED);
  });

  it('says when the block cannot be written, and when it is not the controller', async () => {
    state.failure = new Error('session expired');
    expect((await handler.handle({ brokerId: 1, brokerEpoch: 77 })).errorCode).to.equal(ErrorCode.UNKNOWN_SERVER_ERROR);
    state.active = false;
    expect((await handler.handle({ brokerId: 1, brokerEpoch: 77 })).errorCode).to.equal(ErrorCode.NOT_CONTROLLER);
  });
});
