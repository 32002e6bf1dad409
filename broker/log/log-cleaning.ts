/**
 * Compaction as one log sees it: which part of it may be compacted, and the exchange of its segments for those that a
 * compaction has written. In between (`segment-cleaner.ts`) the log goes on: it is appended to, read, and may be cut or
 * deleted, in which case the exchange is called off.
 *
 *     exchange: .cleaned → .swap | the list of segments changes | old ones → .deleted | .swap → no suffix
 *
 * A start that finds `.swap` files finishes the exchange, one that finds `.cleaned` files drops them (`recovery.ts`).
 */
import { BATCH_HEADER_SIZE, maxTimestampOf } from '../records/record-batch.ts';
import type { LogState } from './log-state.ts';
import { SWAP_SUFFIX } from './names.ts';
import { Segment } from './segment.ts';
import type { CleanResult } from './segment-cleaner.ts';
import type { SegmentRemoval } from './segment-removal.ts';

/** A log as the cleaner looks at it. */
export interface CleanableLog {
  readonly firstDirtyOffset: number;
  readonly firstUncleanableOffset: number;
  /** All segments below `firstUncleanableOffset`. */
  readonly segments: readonly Segment[];
  readonly cleanBytes: number;
  readonly cleanableBytes: number;
  /** A record in the dirty part is older than `max.compaction.lag.ms`. */
  readonly overdue: boolean;
}

/** Share of bytes that are not compacted yet. */
export function dirtyRatio({ cleanBytes, cleanableBytes }: CleanableLog): number {
  const total = cleanBytes + cleanableBytes;
  return total === 0 ? 0 : cleanableBytes / total;
}

/** What may be compacted now; `checkpoint` is where the last compaction ended, null when there was none. */
export async function cleanableLog(state: LogState, checkpoint: number | null, nowMs: number): Promise<CleanableLog> {
  const { config } = state;
  const active = state.active.baseOffset;
  const undecided = state.producers.firstUnstableOffset ?? Number.MAX_SAFE_INTEGER;
  let firstUncleanableOffset = Math.min(state.highWatermark, undecided, active, state.recoveryPoint);
  const cleanOffset = checkpoint === null ? null : Math.min(checkpoint, state.cutOffset);
  // A checkpoint outside the log is of another history: all that is there counts as dirty.
  const valid = cleanOffset !== null && cleanOffset >= state.logStartOffset && cleanOffset <= active;
  const firstDirtyOffset = valid ? cleanOffset : state.logStartOffset;
  const closed = state.segments.slice(0, -1);
  if (config.minCompactionLagMs > 0) {
    for (const [slot, segment] of closed.entries()) {
      if ((closed[slot + 1]?.baseOffset ?? active) <= firstDirtyOffset) continue;
      await segment.loadMaxTimestamp();
      if (segment.newestMs > nowMs - config.minCompactionLagMs) {
        firstUncleanableOffset = Math.min(firstUncleanableOffset, segment.baseOffset);
        break;
      }
    }
  }
  // Segments are rewritten whole: one that holds the limit is left for later.
  const whole = closed.findIndex((_, slot) => (closed[slot + 1]?.baseOffset ?? active) > firstUncleanableOffset);
  const segments = whole < 0 ? closed : closed.slice(0, whole);
  const end = segments.length === 0 ? firstDirtyOffset : (state.segments[segments.length]?.baseOffset ?? active);
  let cleanBytes = 0;
  let cleanableBytes = 0;
  let overdue = false;
  for (const [slot, segment] of segments.entries()) {
    const isClean = (segments[slot + 1]?.baseOffset ?? end) <= firstDirtyOffset;
    if (isClean) cleanBytes += segment.size;
    else cleanableBytes += segment.size;
    if (!isClean && !overdue) overdue = await isOverdue(state, segment, nowMs);
  }
  return { firstDirtyOffset, firstUncleanableOffset: end, segments, cleanBytes, cleanableBytes, overdue };
}

async function isOverdue(state: LogState, segment: Segment, nowMs: number): Promise<boolean> {
  const { maxCompactionLagMs } = state.config;
  if (segment.size < BATCH_HEADER_SIZE || maxCompactionLagMs > nowMs) return false;
  let timestamp = segment.firstBatchTimestamp;
  if (timestamp < 0) {
    const header = Buffer.alloc(BATCH_HEADER_SIZE);
    await state.surroundings.handles.use(segment.logPath, false, (handle) => handle.read(header, 0));
    timestamp = maxTimestampOf(header, 0);
    segment.firstBatchTimestamp = timestamp;
  }
  return timestamp >= 0 && nowMs - timestamp > maxCompactionLagMs;
}

/**
 * Puts compacted segments in the place of those they were made from. Part of the log's chain of work. False when the log has
 * changed meanwhile so that they are of no use; their files are gone then.
 */
export async function swapSegments(
  state: LogState,
  removal: SegmentRemoval,
  sources: readonly Segment[],
  sizes: ReadonlyMap<Segment, number>,
  result: Pick<CleanResult, 'segments'>,
): Promise<boolean> {
  const { fileSystem } = state.surroundings;
  const cleaned = result.segments.map(({ baseOffset, size, modifiedMs }) =>
    Segment.cleaned(state.directory, baseOffset, state.surroundings, modifiedMs).finished(size),
  );
  for (const [at, segment] of cleaned.entries()) {
    const olds = result.segments[at]!.sources.map((base) => sources.find((source) => source.baseOffset === base)!);
    const slot = state.segments.indexOf(olds[0]!);
    const unchanged = olds.every(
      (old, index) => slot >= 0 && state.segments[slot + index] === old && old.size === sizes.get(old) && old !== state.active,
    );
    if (!unchanged || state.closed) {
      for (const useless of cleaned.slice(at)) await useless.removeFiles();
      return false;
    }
    await segment.timeIndex(); // readers find it in memory while the files change their names
    await segment.loadMaxTimestamp();
    await segment.renameTo(SWAP_SUFFIX);
    await fileSystem.syncDirectory(state.directory);
    state.segments.splice(slot, olds.length, segment);
    const nextBase = state.segments[slot + 1]!.baseOffset;
    state.pages.dropSegments(segment.baseOffset, nextBase);
    await removal.remove(olds);
    await segment.renameTo('');
    await fileSystem.syncDirectory(state.directory);
  }
  state.cutOffset = Number.POSITIVE_INFINITY;
  return true;
}
