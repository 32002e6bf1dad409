import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { CoordinatorLog } from '../../../broker/replication/coordinator-log.ts';
import { FakeBroker, batch } from './fakes.ts';

describe('CoordinatorLog', () => {
  it('appends to its internal topic and reads what is in the file', async () => {
    const broker = new FakeBroker();
    const log = new CoordinatorLog(broker.replicas, '__consumer_offsets');
    await broker.lead('__consumer_offsets', [3]);
    const append = log.append(3, batch(2), { acks: -1, timeoutMs: 100 });
    expect(log.logStartOffset(3)).to.equal(0);
    expect((await log.readFrom(3, 0)).length, 'not written yet').to.equal(0);
    broker.log('__consumer_offsets-3').write();
    expect(await append).to.deep.equal({ errorCode: ErrorCode.NONE, baseOffset: 0 });
    expect((await log.readFrom(3, 1)).length).to.equal(batch(2).length);
    expect((await log.readFrom(3, 2)).length).to.equal(0);
  });

  it('is nothing where this broker does not lead', async () => {
    const broker = new FakeBroker();
    const log = new CoordinatorLog(broker.replicas, '__consumer_offsets');
    broker.known.add('__consumer_offsets-3');
    expect(log.logStartOffset(3)).to.equal(null);
    expect((await log.readFrom(3, 0)).length).to.equal(0);
    expect(await log.append(3, batch(), { acks: -1, timeoutMs: 100 })).to.deep.equal({
      errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
      baseOffset: -1,
    });
  });
});
