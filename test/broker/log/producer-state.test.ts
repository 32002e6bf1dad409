import { expect } from 'chai';
import { ProducerState } from '../../../broker/log/producer-state.ts';
import type { ProducedBatch, SequenceVerdict } from '../../../broker/log/producer-state.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';

const DAY_MS = 86_400_000;

/** Producer 7 appends `count` records at `sequence`, which land at `baseOffset`. */
function batch(sequence: number, count: number, baseOffset: number, more: Partial<ProducedBatch> = {}): ProducedBatch {
  const last = sequence + count - 1;
  return {
    producerId: 7,
    producerEpoch: 0,
    firstSequence: sequence,
    lastSequence: last > 0x7fff_ffff ? last - 0x8000_0000 : last,
    baseOffset,
    lastOffset: baseOffset + count - 1,
    maxTimestamp: 1000,
    transactional: false,
    ...more,
  };
}

function outcome(verdict: SequenceVerdict): string | number {
  return verdict.kind === 'refused' ? verdict.errorCode : verdict.kind;
}

describe('ProducerState', () => {
  it('takes any sequence from a producer that it does not know', () => {
    expect(outcome(new ProducerState('t-0').check(batch(41, 1, 0), 'client'))).to.equal('append');
  });

  it('takes the next sequence and refuses a gap', () => {
    const state = new ProducerState('t-0');
    state.append(batch(0, 3, 100));
    expect(outcome(state.check(batch(3, 1, 103), 'client'))).to.equal('append');
    const gap = state.check(batch(4, 1, 103), 'client');
    expect(outcome(gap)).to.equal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(gap.kind === 'refused' && gap.message).to.equal(
      'Out of order sequence number for producer 7 at offset 103 in partition t-0: 4 (incoming seq. number), 2 (current end sequence number)',
    );
    // Coordinators and leaders are believed.
    expect(outcome(state.check(batch(4, 1, 103), 'coordinator'))).to.equal('append');
    expect(outcome(state.check(batch(4, 1, 103), 'replication'))).to.equal('append');
  });

  it('goes on with 0 after the last sequence there is', () => {
    const state = new ProducerState('t-0');
    state.append(batch(0x7fff_fffe, 2, 0));
    expect(outcome(state.check(batch(0, 1, 2), 'client'))).to.equal('append');
    const wrapping = new ProducerState('t-0');
    wrapping.append(batch(0x7fff_ffff, 3, 0)); // sequences 2147483647, 0, 1
    expect(outcome(wrapping.check(batch(2, 1, 3), 'client'))).to.equal('append');
  });

  it('knows the last five batches again, and no more', () => {
    const state = new ProducerState('t-0');
    for (let n = 0; n < 6; n++) state.append(batch(n * 2, 2, 100 + n * 2, { maxTimestamp: n }));
    expect(state.check(batch(2, 2, 112), 'client')).to.deep.equal({
      kind: 'duplicate',
      baseOffset: 102,
      lastOffset: 103,
      timestamp: 1,
    });
    expect(state.check(batch(10, 2, 112), 'client')).to.deep.equal({
      kind: 'duplicate',
      baseOffset: 110,
      lastOffset: 111,
      timestamp: 5,
    });
    expect(outcome(state.check(batch(0, 2, 112), 'client'))).to.equal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    // The same start but another size is another batch.
    expect(outcome(state.check(batch(10, 1, 112), 'client'))).to.equal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  });

  it('wants a new epoch to begin with sequence 0 and refuses an old one', () => {
    const state = new ProducerState('t-0');
    state.append(batch(0, 1, 0, { producerEpoch: 1 }));
    expect(outcome(state.check(batch(1, 1, 1, { producerEpoch: 2 }), 'client'))).to.equal(
      ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    );
    expect(outcome(state.check(batch(0, 1, 1, { producerEpoch: 2 }), 'client'))).to.equal('append');
    expect(outcome(state.check(batch(1, 1, 1, { producerEpoch: 0 }), 'client'))).to.equal(ErrorCode.INVALID_PRODUCER_EPOCH);
    state.append(batch(0, 1, 1, { producerEpoch: 2 }));
    expect(outcome(state.check(batch(1, 1, 2, { producerEpoch: 2 }), 'client'))).to.equal('append');
  });

  it('holds committed reads back at the first open transaction, until its marker is below the high watermark', () => {
    const state = new ProducerState('t-0');
    const transactional = { transactional: true };
    state.append(batch(0, 2, 10, transactional));
    state.append(batch(0, 2, 12, { producerId: 8, ...transactional }));
    state.append(batch(2, 2, 14, transactional));
    expect(state.firstUnstableOffset).to.equal(10);
    expect(outcome(state.check(batch(4, 1, 16), 'client'))).to.equal(ErrorCode.INVALID_TXN_STATE);
    const ended = state.appendMarker(7, 0, { type: 'abort', coordinatorEpoch: 3 }, 16, 2000);
    expect(ended).to.deep.equal({ producerId: 7, firstOffset: 10, lastOffset: 16, aborted: true, lastStableOffset: 12 });
    expect(state.firstUnstableOffset).to.equal(10);
    state.onHighWatermark(16);
    expect(state.firstUnstableOffset).to.equal(10);
    state.onHighWatermark(17);
    expect(state.firstUnstableOffset).to.equal(12);
    const stale = state.checkMarker(7, 0, { type: 'commit', coordinatorEpoch: 2 }, 'coordinator');
    expect(outcome(stale)).to.equal(ErrorCode.TRANSACTION_COORDINATOR_FENCED);
    expect(state.appendMarker(8, 0, { type: 'commit', coordinatorEpoch: 3 }, 17, 2000)?.lastStableOffset).to.equal(18);
    state.onHighWatermark(18);
    expect(state.firstUnstableOffset).to.equal(null);
  });

  it("writes Kafka's snapshot bytes", () => {
    const state = new ProducerState('t-0');
    state.append(batch(0, 1000, 0, { producerId: 0, maxTimestamp: 0x1a204789eb5 }));
    // 00000000000000001000.snapshot of a Kafka 3.4.0 after the same appends.
    const kafka = Buffer.from(
      '0001' +
        '73232d28' +
        '00000001' +
        '0000000000000000' +
        '0000' +
        '000003e7' +
        '00000000000003e7' +
        '000003e7' +
        '000001a204789eb5' +
        'ffffffff' +
        'ffffffffffffffff',
      'hex',
    );
    expect(state.snapshot().toString('hex')).to.equal(kafka.toString('hex'));
    const restored = new ProducerState('t-0');
    expect(restored.restore(kafka, 0x1a204789eb5, DAY_MS)).to.equal(null);
    expect(restored.snapshot()).to.deep.equal(kafka);
    expect(outcome(restored.check(batch(1000, 1, 1000, { producerId: 0 }), 'client'))).to.equal('append');
    expect(outcome(restored.check(batch(0, 1000, 1000, { producerId: 0 }), 'client'))).to.equal('duplicate');
  });

  it('restores open transactions in log order', () => {
    const state = new ProducerState('t-0');
    state.append(batch(0, 1, 20, { transactional: true }));
    state.append(batch(0, 1, 30, { producerId: 8, transactional: true }));
    const restored = new ProducerState('t-0');
    expect(restored.restore(state.snapshot(), 1000, DAY_MS)).to.equal(null);
    expect(restored.firstUnstableOffset).to.equal(20);
  });

  it('refuses a snapshot with a flipped bit or a missing end', () => {
    const state = new ProducerState('t-0');
    state.append(batch(0, 1, 0));
    const bytes = state.snapshot();
    for (let size = 0; size < bytes.length; size++) {
      expect(new ProducerState('t-0').restore(bytes.subarray(0, size), 1000, DAY_MS), `cut to ${size}`).to.be.a('string');
    }
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1;
      expect(new ProducerState('t-0').restore(flipped, 1000, DAY_MS), `bit flipped at ${at}`).to.be.a('string');
    }
  });

  it('forgets producers that were silent for long, unless a transaction of theirs is open', () => {
    const state = new ProducerState('t-0');
    state.append(batch(0, 1, 0, { maxTimestamp: 1000 }));
    state.append(batch(0, 1, 1, { producerId: 8, maxTimestamp: 1000, transactional: true }));
    state.append(batch(0, 1, 2, { producerId: 9, maxTimestamp: 5000 }));
    state.removeExpired(1000 + DAY_MS, DAY_MS);
    expect(state.producerCount).to.equal(2);
    expect(outcome(state.check(batch(77, 1, 3), 'client'))).to.equal('append');
    expect(outcome(state.check(batch(77, 1, 3, { producerId: 9 }), 'client'))).to.equal(
      ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    );
  });
});
