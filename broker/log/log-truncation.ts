/**
 * Cuts a log back, as a follower does when its leader's history is another one. Nothing may be appended meanwhile: the
 * partition has stopped fetching.
 */
import path from 'node:path';
import { assert } from '../../shared/base/assert.ts';
import { baseOffsetOf, lastOffsetOf } from '../records/record-batch.ts';
import { scanBatches } from './batch-scan.ts';
import { SNAPSHOT_SUFFIX, offsetFileName } from './names.ts';
import type { LogState } from './log-state.ts';
import { reloadProducers } from './recovery.ts';
import { Segment } from './segment.ts';

/**
 * Drops every batch that reaches `offset` or beyond, and with them what is remembered of their epochs and producers. All of
 * the log must be written. The end may come out below `offset`, when that lies within a batch.
 */
export async function truncateLog(state: LogState, offset: number): Promise<void> {
  assert(state.nextOffset === state.logEndOffset, 'a log is cut when it is written');
  if (offset >= state.logEndOffset) {
    state.epochs.truncateFromEnd(state.logEndOffset);
    return;
  }
  if (offset < state.segments[0]!.baseOffset) return restartLog(state, offset);
  state.cutOffset = Math.min(state.cutOffset, offset);
  const slot = state.segmentSlot(offset);
  for (const segment of state.segments.splice(slot + 1).reverse()) await segment.removeFiles();
  const segment = state.active;
  const position = await positionOf(state, segment, offset);
  await segment.truncate(position.position, offset);
  const endOffset = Math.min(offset, position.baseOffset);
  state.pages.clear();
  state.nextOffset = endOffset;
  state.logEndOffset = endOffset;
  state.recoveryPoint = Math.min(state.recoveryPoint, endOffset);
  state.logStartOffset = Math.min(state.logStartOffset, endOffset);
  state.epochs.truncateFromEnd(endOffset);
  await reloadProducers(state);
}

/** Where the batch that holds `offset`, or the first behind it, begins: in the file, and in the log. */
async function positionOf(
  state: LogState,
  segment: Segment,
  offset: number,
): Promise<{ position: number; baseOffset: number }> {
  const index = await segment.offsetIndex();
  let baseOffset = offset;
  const position = await state.surroundings.handles.use(segment.logPath, true, (handle) =>
    scanBatches(handle, index.positionFor(offset), segment.size, (buffer, at) => {
      if (lastOffsetOf(buffer, at) < offset) return true;
      baseOffset = baseOffsetOf(buffer, at);
      return false;
    }),
  );
  return { position, baseOffset };
}

/** Drops everything: the log begins anew, empty, at `offset`. */
export async function restartLog(state: LogState, offset: number): Promise<void> {
  assert(state.nextOffset === state.logEndOffset, 'a log is cut when it is written');
  const { surroundings } = state;
  state.cutOffset = Math.min(state.cutOffset, offset);
  for (const segment of state.segments.splice(0).reverse()) await segment.removeFiles();
  for (const snapshot of state.snapshots.splice(0)) {
    await surroundings.fileSystem.remove(path.join(state.directory, offsetFileName(snapshot, SNAPSHOT_SUFFIX)));
  }
  const segment = new Segment(state.directory, offset, surroundings, surroundings.clock.wallMs());
  state.segments.push(segment);
  await segment.write([], 0); // makes the file
  await segment.saveIndexes(false);
  state.pages.clear();
  state.producers.clear();
  state.epochs.clear();
  state.nextOffset = offset;
  state.logEndOffset = offset;
  state.logStartOffset = offset;
  state.recoveryPoint = Math.min(state.recoveryPoint, offset);
}
