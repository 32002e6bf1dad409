import { expect } from 'chai';
import { checkBatch } from '../../../broker/log/batch-check.ts';
import type { BatchContext, BatchVerdict } from '../../../broker/log/batch-check.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { sealCrc } from '../../../broker/records/record-batch.ts';
import { NOW_MS, batchOf, config } from './support.ts';

function check(
  batch: Buffer,
  overrides: Record<string, string | number> = {},
  more: Partial<BatchContext> = {},
): BatchVerdict {
  return checkBatch(batch, 0, { config: config(overrides), origin: 'client', nowMs: NOW_MS, partitionName: 't-0', ...more });
}

/** A batch whose bytes were changed, with a CRC that agrees. */
function changed(batch: Buffer, change: (batch: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  sealCrc(copy, 0);
  return copy;
}

function refusal(verdict: BatchVerdict): { errorCode: number; message: string } {
  if (verdict.ok) throw new Error('the batch was accepted');
  return verdict;
}

describe('checkBatch', () => {
  it('accepts what producers send, with every codec', () => {
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const batch = batchOf(['a', 'b', 'c'], { compression });
      expect(check(batch), compression).to.deep.equal({ ok: true, size: batch.length, maxTimestamp: NOW_MS });
      expect(check(batchOf(['a'], { compression, key: 'k' }), { 'cleanup.policy': 'compact' }).ok, compression).to.equal(
        true,
      );
    }
  });

  it('finds any flipped bit behind the CRC', () => {
    const batch = batchOf(['some value']);
    for (let at = 17; at < batch.length; at++) {
      const flipped = Buffer.from(batch);
      flipped[at]! ^= 0x10;
      expect(refusal(check(flipped)).errorCode, `byte ${at}`).to.equal(ErrorCode.CORRUPT_MESSAGE);
    }
  });

  it('refuses a batch cut off at any byte', () => {
    const batch = batchOf(['some value']);
    for (let size = 0; size < batch.length; size++) {
      expect(refusal(check(batch.subarray(0, size))).errorCode, `${size} bytes`).to.equal(ErrorCode.CORRUPT_MESSAGE);
    }
  });

  const refusals: [
    what: string,
    batch: Buffer,
    overrides: Record<string, string | number>,
    errorCode: number,
    message: string,
  ][] = [
    [
      'the formats of old clients',
      changed(batchOf(['a']), (b) => b.writeInt8(1, 16)),
      {},
      ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
      'Magic 1',
    ],
    [
      'a magic that never was',
      changed(batchOf(['a']), (b) => b.writeInt8(3, 16)),
      {},
      ErrorCode.CORRUPT_MESSAGE,
      'Invalid magic found in record: 3',
    ],
    [
      'a negative length',
      Buffer.from(batchOf(['a'])).fill(0xff, 8, 12),
      {},
      ErrorCode.CORRUPT_MESSAGE,
      'Record size -1 is less than the minimum record overhead (14)',
    ],
    [
      'offsets that do not begin at 0',
      changed(batchOf(['a']), (b) => b.writeInt32BE(5, 4)),
      {},
      ErrorCode.INVALID_RECORD,
      'The baseOffset of the record batch in the append to t-0 should be 0, but it is 5',
    ],
    [
      'a batch above max.message.bytes',
      batchOf(['x'.repeat(100)]),
      { 'max.message.bytes': 100 },
      ErrorCode.MESSAGE_TOO_LARGE,
      'The record batch size in the append to t-0 is 170 bytes which exceeds the maximum configured value of 100.',
    ],
    [
      'a count of no records',
      changed(batchOf(['a']), (b) => b.writeInt32BE(0, 57)),
      {},
      ErrorCode.INVALID_RECORD,
      'Invalid reported count for record batch: 0',
    ],
    [
      'a count that contradicts the offsets',
      changed(batchOf(['a', 'b']), (b) => b.writeInt32BE(3, 57)),
      {},
      ErrorCode.INVALID_RECORD,
      'Inconsistent batch offset range [0, 1] and count of records 3 in topic partition t-0.',
    ],
    [
      'a negative offset range',
      changed(batchOf(['a']), (b) => b.writeInt32BE(-2, 23)),
      {},
      ErrorCode.INVALID_RECORD,
      'Batch has an invalid offset range: [0, -2]',
    ],
    [
      'control records',
      batchOf(['a'], { control: true }),
      {},
      ErrorCode.INVALID_RECORD,
      'Clients are not allowed to write control records',
    ],
    [
      'a producer id without sequence',
      batchOf(['a'], { producerId: 4, producerEpoch: 0 }),
      {},
      ErrorCode.INVALID_RECORD,
      'Invalid sequence number -1 in record batch with producerId 4',
    ],
    [
      'a codec that never was',
      changed(batchOf(['a']), (b) => b.writeInt16BE(6, 21)),
      {},
      ErrorCode.INVALID_RECORD,
      'Unknown compression type id: 6',
    ],
    [
      'records that end before the batch',
      changed(batchOf(['ab', 'cd']), (b) => {
        b.writeInt32BE(1, 57);
        b.writeInt32BE(0, 23);
      }),
      {},
      ErrorCode.INVALID_RECORD,
      'Incorrect declared batch size',
    ],
    [
      'a record that is longer than the batch',
      changed(batchOf(['ab']), (b) => b.writeUInt8(40, 61)),
      {},
      ErrorCode.INVALID_RECORD,
      'Record 0 of 1',
    ],
    [
      'records whose offsets do not count up',
      changed(batchOf(['ab', 'cd']), (b) => b.writeUInt8(4, 64)),
      {},
      ErrorCode.INVALID_RECORD,
      'record 0 has offset 2',
    ],
    [
      'compressed records that are none',
      changed(batchOf(['ab'], { compression: 'gzip' }), (b) => b.fill(7, 61)),
      { 'cleanup.policy': 'compact' },
      ErrorCode.INVALID_RECORD,
      '',
    ],
    [
      'a stamp that says append time',
      changed(batchOf(['a']), (b) => b.writeInt16BE(8, 21)),
      {},
      ErrorCode.INVALID_TIMESTAMP,
      'One or more records have been rejected due to invalid timestamp',
    ],
  ];
  for (const [what, batch, overrides, errorCode, message] of refusals) {
    it(`refuses ${what}`, () => {
      const found = refusal(check(batch, overrides));
      expect(found.errorCode).to.equal(errorCode);
      expect(found.message).to.include(message);
    });
  }

  it('wants keys on compacted topics and names the records without', () => {
    for (const compression of ['none', 'lz4'] as const) {
      const verdict = check(batchOf(['a', 'b'], { compression }), { 'cleanup.policy': 'compact' });
      expect(verdict).to.deep.include({
        errorCode: ErrorCode.INVALID_RECORD,
        recordErrors: [0, 1].map((batchIndex) => ({
          batchIndex,
          batchIndexErrorMessage: 'Compacted topic cannot accept message without key in topic partition t-0.',
        })),
      });
    }
  });

  it('bounds how far timestamps are from now, where a topic asks for it', () => {
    const far = batchOf(['a'], { timestamp: NOW_MS - 1001 });
    expect(check(far).ok).to.equal(true);
    const verdict = check(far, { 'message.timestamp.difference.max.ms': 1000 });
    expect(refusal(verdict).errorCode).to.equal(ErrorCode.INVALID_TIMESTAMP);
    expect(check(batchOf(['a'], { timestamp: NOW_MS + 1000 }), { 'message.timestamp.difference.max.ms': 1000 }).ok).to.equal(
      true,
    );
    const stamped = { 'message.timestamp.difference.max.ms': 1000, 'message.timestamp.type': 'LogAppendTime' };
    expect(check(far, stamped).ok).to.equal(true);
  });

  it('goes by the records when the header is wrong about the newest timestamp', () => {
    const lying = changed(batchOf(['a', 'b']), (batch) => batch.writeBigInt64BE(5n, 35));
    expect(check(lying)).to.deep.include({ ok: true, maxTimestamp: NOW_MS });
  });

  it('believes coordinators about what is in their batches', () => {
    const control = batchOf(['a'], { control: true, producerId: 3, producerEpoch: 0 });
    expect(check(control, {}, { origin: 'coordinator' }).ok).to.equal(true);
    const large = check(batchOf(['x'.repeat(100)]), { 'max.message.bytes': 100 }, { origin: 'coordinator' });
    expect(refusal(large).errorCode).to.equal(ErrorCode.MESSAGE_TOO_LARGE);
  });
});
