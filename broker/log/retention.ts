/**
 * Which old segments go: pure. Segments go from the oldest on, whole, and never beyond the high watermark.
 */
import { isDeleted } from './log-config.ts';
import type { LogConfig } from './log-config.ts';

export interface SegmentSummary {
  readonly baseOffset: number;
  readonly size: number;
  /** Newest timestamp of its records, or when the file was last written if they have none. */
  readonly newestMs: number;
}

export interface RetentionInput {
  /** Oldest first; the last one is active. */
  readonly segments: readonly SegmentSummary[];
  readonly config: LogConfig;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly highWatermark: number;
  readonly nowMs: number;
}

export type DeletionReason = 'log start offset' | 'retention size' | 'retention time';

export interface Deletion {
  readonly count: number;
  readonly reason: DeletionReason;
}

/** How many of the oldest segments go for which reason, in Kafka's order. The reasons add up. */
export function segmentsToDelete(input: RetentionInput): Deletion[] {
  const { config, segments } = input;
  const deletions: Deletion[] = [];
  let first = 0;
  const drop = (
    reason: DeletionReason,
    may: (segment: SegmentSummary, next: SegmentSummary | undefined) => boolean,
  ): void => {
    let end = first;
    while (end < segments.length) {
      const segment = segments[end]!;
      const next = segments[end + 1];
      const endOffset = next?.baseOffset ?? input.logEndOffset;
      if (input.highWatermark < endOffset || !may(segment, next) || (next === undefined && segment.size === 0)) break;
      end++;
    }
    if (end > first) deletions.push({ count: end - first, reason });
    first = end;
  };

  drop('log start offset', (_, next) => next !== undefined && next.baseOffset <= input.logStartOffset);
  if (!isDeleted(config)) return deletions;
  if (config.retentionBytes >= 0) {
    let excess = -config.retentionBytes;
    for (const segment of segments.slice(first)) excess += segment.size;
    drop('retention size', (segment) => {
      if (excess < segment.size) return false;
      excess -= segment.size;
      return true;
    });
  }
  if (config.retentionMs >= 0) {
    drop('retention time', (segment) => input.nowMs - segment.newestMs > config.retentionMs);
  }
  return deletions;
}
