import { expect } from 'chai';
import { InitProducerIdHandler } from '../../../broker/handlers/22-init-producer-id.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import type { InitProducerIdRequest } from '../../../broker/protocol/messages/22-init-producer-id.ts';
import { ProducerIds } from '../../../broker/replication/producer-ids.ts';

const request = (more: Partial<InitProducerIdRequest> = {}): InitProducerIdRequest => ({
  transactionalId: null,
  transactionTimeoutMs: 60_000,
  producerId: -1,
  producerEpoch: -1,
  ...more,
});

describe('InitProducerIdHandler', () => {
  const handler = new InitProducerIdHandler(new ProducerIds(() => Promise.resolve({ start: 4000, length: 1000 })));

  it('gives every idempotent producer an id of its own, epoch 0', async () => {
    expect(await handler.handle(request())).to.deep.equal({
      throttleTimeMs: 0,
      errorCode: 0,
      producerId: 4000,
      producerEpoch: 0,
    });
    expect(await handler.handle(request({ producerId: 4000, producerEpoch: 3 }))).to.deep.include({
      producerId: 4001,
      producerEpoch: 0,
    });
  });

  const refused: [string, Partial<InitProducerIdRequest>, number][] = [
    ['an empty transactional id', { transactionalId: '' }, ErrorCode.INVALID_REQUEST],
    ['a transactional id, having no coordinator for it', { transactionalId: 'tx' }, ErrorCode.NOT_COORDINATOR],
    ['a producer id without an epoch', { producerId: 4 }, ErrorCode.INVALID_REQUEST],
    ['an epoch without a producer id', { producerEpoch: 4 }, ErrorCode.INVALID_REQUEST],
  ];
  for (const [what, more, errorCode] of refused) {
    it(`refuses ${what}`, async () => {
      expect(await handler.handle(request(more))).to.deep.equal({
        throttleTimeMs: 0,
        errorCode,
        producerId: -1,
        producerEpoch: -1,
      });
    });
  }

  it('asks to come back while no block of ids can be had', async () => {
    const stranded = new InitProducerIdHandler(new ProducerIds(() => Promise.reject(new Error('no controller'))));
    expect(await stranded.handle(request())).to.deep.include({ errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS });
  });
});
