import { expect } from 'chai';
import { ReplicatedOffsetsLog, followLeadership } from '../../../broker/group/replicated-offsets-log.ts';
import type { Replicas } from '../../../broker/group/replicated-offsets-log.ts';
import type { GroupCoordinator } from '../../../broker/group/group-coordinator.ts';

type Appended = Parameters<Replicas['append']>[0];

function setUp() {
  const appended: Appended[] = [];
  const reads: unknown[] = [];
  const log = {
    logStartOffset: 3,
    logEndOffset: 10,
    read: (...args: unknown[]) => {
      reads.push(args);
      return Buffer.from('batch');
    },
  };
  const replicas: Replicas = {
    partition: (topic, index) => (topic === '__consumer_offsets' && index === 4 ? { log } : undefined),
    append: (request) => {
      appended.push(request);
      return [{ errorCode: 0, baseOffset: 10 }];
    },
  };
  return { log: new ReplicatedOffsetsLog(replicas), appended, reads };
}

describe('ReplicatedOffsetsLog', () => {
  it('appends as the coordinator', async () => {
    const { log, appended } = setUp();
    const records = Buffer.from('records');
    expect(await log.append(4, records, { acks: -1, timeoutMs: 5_000 })).to.deep.equal({ errorCode: 0, baseOffset: 10 });
    const entries = [{ topic: '__consumer_offsets', partition: 4, records }];
    expect(appended).to.deep.equal([{ acks: -1, timeoutMs: 5_000, origin: 'coordinator', internalTopicsAllowed: true, entries }]);
  });

  it('reads to the end of the log, and nothing beyond it', async () => {
    const { log, reads } = setUp();
    expect([log.logStartOffset(4), log.logStartOffset(5)]).to.deep.equal([3, null]);
    expect((await log.readFrom(4, 3)).toString()).to.equal('batch');
    expect(await log.readFrom(4, 10)).to.have.length(0);
    expect(await log.readFrom(5, 0)).to.have.length(0);
    expect(reads).to.deep.equal([[3, 1_048_576, { maxOffsetExclusive: 10, minOneBatch: true }]]);
  });
});

describe('followLeadership()', () => {
  it('tells the coordinator of the offsets topic alone', () => {
    const told: unknown[] = [];
    const groups = {
      elected: (...args: unknown[]) => told.push(['elected', ...args]),
      resigned: (...args: unknown[]) => told.push(['resigned', ...args]),
    } as unknown as GroupCoordinator;
    const listener = followLeadership(groups);
    listener.becameLeader('t', 1, 5);
    listener.becameLeader('__consumer_offsets', 1, 5);
    listener.resigned('__consumer_offsets', 1, 6, false);
    listener.resigned('__consumer_offsets', 1, 6, true);
    listener.resigned('t', 1, 6, false);
    expect(told).to.deep.equal([['elected', 1, 5], ['resigned', 1, 6], ['resigned', 1, null]]);
  });
});
