import { expect } from 'chai';
import { segmentsToDelete } from '../../../broker/log/retention.ts';
import type { RetentionInput } from '../../../broker/log/retention.ts';
import { config } from './support.ts';

/** Four segments of ten records and 100 bytes, newest records at 1000, 2000, 3000 and 4000; the last one is active. */
function input(overrides: Record<string, string | number>, more: Partial<RetentionInput> = {}): RetentionInput {
  return {
    segments: [0, 10, 20, 30].map((baseOffset, n) => ({ baseOffset, size: 100, newestMs: (n + 1) * 1000 })),
    config: config({ 'retention.ms': -1, ...overrides }),
    logStartOffset: 0,
    logEndOffset: 40,
    highWatermark: 40,
    nowMs: 4000,
    ...more,
  };
}

describe('segmentsToDelete', () => {
  it('deletes nothing without a reason', () => {
    expect(segmentsToDelete(input({}))).to.deep.equal([]);
  });

  it('deletes segments that are older than retention.ms, the active one too', () => {
    expect(segmentsToDelete(input({ 'retention.ms': 1500 }))).to.deep.equal([{ count: 2, reason: 'retention time' }]);
    expect(segmentsToDelete(input({ 'retention.ms': 3000 }))).to.deep.equal([]);
    expect(segmentsToDelete(input({ 'retention.ms': 100 }, { nowMs: 9000 }))).to.deep.equal([
      { count: 4, reason: 'retention time' },
    ]);
  });

  it('stops at the first segment that stays, though later ones are old', () => {
    const segments = [1000, 9000, 1000].map((newestMs, n) => ({ baseOffset: n * 10, size: 1, newestMs }));
    expect(segmentsToDelete(input({ 'retention.ms': 500 }, { segments, nowMs: 9000 }))).to.deep.equal([
      { count: 1, reason: 'retention time' },
    ]);
  });

  it('deletes while the rest has retention.bytes at least', () => {
    expect(segmentsToDelete(input({ 'retention.bytes': 400 }))).to.deep.equal([]);
    expect(segmentsToDelete(input({ 'retention.bytes': 250 }))).to.deep.equal([{ count: 1, reason: 'retention size' }]);
    expect(segmentsToDelete(input({ 'retention.bytes': 200 }))).to.deep.equal([{ count: 2, reason: 'retention size' }]);
    expect(segmentsToDelete(input({ 'retention.bytes': 0 }))).to.deep.equal([{ count: 4, reason: 'retention size' }]);
  });

  it('never goes beyond the high watermark', () => {
    expect(segmentsToDelete(input({ 'retention.bytes': 0 }, { highWatermark: 29 }))).to.deep.equal([
      { count: 2, reason: 'retention size' },
    ]);
  });

  it('deletes what lies below the log start, whatever the policy', () => {
    const compacted = input({ 'cleanup.policy': 'compact', 'retention.bytes': 0 }, { logStartOffset: 25 });
    expect(segmentsToDelete(compacted)).to.deep.equal([{ count: 2, reason: 'log start offset' }]);
  });

  it('adds the reasons up', () => {
    expect(segmentsToDelete(input({ 'retention.ms': 1500, 'retention.bytes': 350 }, { logStartOffset: 10 }))).to.deep.equal([
      { count: 1, reason: 'log start offset' },
      { count: 1, reason: 'retention time' },
    ]);
  });

  it('keeps an empty active segment', () => {
    const segments = [{ baseOffset: 0, size: 0, newestMs: 0 }];
    expect(segmentsToDelete(input({ 'retention.ms': 1 }, { segments, logEndOffset: 0, nowMs: 9e9 }))).to.deep.equal([]);
  });
});
