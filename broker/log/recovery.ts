/**
 * Finds a partition's log on the disk and brings it into a state that can be trusted.
 *
 * After a clean stop the files are taken as they are. Otherwise every segment from the recovery point on is read batch by
 * batch: lengths, checksums and offsets have to be right. The log ends before the first batch that isn't, indexes and
 * producers are rebuilt on the way, and segments behind that point go. What was acknowledged is in the files when a process
 * is killed, so only a batch that was being written can be torn.
 */
import path from 'node:path';
import {
  BATCH_HEADER_SIZE,
  baseOffsetOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  lastOffsetOf,
  lastSequenceOf,
  maxTimestampOf,
  partitionLeaderEpochOf,
  producerEpochOf,
  producerIdOf,
  baseSequenceOf,
} from '../records/record-batch.ts';
import { readMarker } from '../records/control-records.ts';
import { iterateRecords } from '../records/iterate-records.ts';
import { validateBatch } from '../records/validate-batch.ts';
import { scanBatches } from './batch-scan.ts';
import type { DirectoryEntry } from './file.ts';
import type { LogState } from './log-state.ts';
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  SEGMENT_SUFFIXES,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
  TIME_INDEX_SUFFIX,
  offsetFileName,
  parseOffsetFileName,
} from './names.ts';
import type { ProducerState } from './producer-state.ts';
import { Segment } from './segment.ts';

export interface Recovery {
  readonly cleanShutdown: boolean;
  /** Up to here the log had been forced to the disk, says the checkpoint. */
  readonly recoveryPoint: number;
  /** Where the log starts, says the checkpoint: 0 unless records before the first segment's end were deleted. */
  readonly logStartOffset: number;
}

/** Fills `state` from its directory, which exists. */
export async function loadLog(state: LogState, recovery: Recovery): Promise<void> {
  const { fileSystem, logger } = state.surroundings;
  const names = await settleInterruptedWork(state, await fileSystem.list(state.directory));
  await findSegments(state, names);
  for (const name of names) {
    const parsed = parseOffsetFileName(name);
    if (parsed?.suffix === SNAPSHOT_SUFFIX) state.snapshots.push(parsed.offset);
  }
  state.snapshots.sort((a, b) => a - b);

  if (!recovery.cleanShutdown) await recoverSegments(state, recovery.recoveryPoint);
  let endOffset = await findEndOffset(state);
  if (state.segments.length > 0 && endOffset < recovery.logStartOffset) {
    logger.warn(
      `Deleting all segments of ${state.name} because logEndOffset (${endOffset}) is smaller than logStartOffset ` +
        `${recovery.logStartOffset}. This could happen if segment files were deleted from the file system.`,
    );
    for (const segment of state.segments) await segment.removeFiles();
    state.segments = [];
    state.epochs.clear();
  }
  if (state.segments.length === 0) {
    endOffset = recovery.logStartOffset;
    const segment = new Segment(state.directory, endOffset, state.surroundings, state.surroundings.clock.wallMs());
    await segment.write([], 0); // makes the file
    await segment.saveIndexes(false);
    state.segments = [segment];
  }
  await state.active.activate();
  await findFirstTimestamp(state);
  state.nextOffset = endOffset;
  state.logEndOffset = endOffset;
  state.recoveryPoint = recovery.cleanShutdown ? endOffset : Math.min(recovery.recoveryPoint, endOffset);
  state.logStartOffset = Math.max(recovery.logStartOffset, state.segments[0]!.baseOffset);
  state.epochs.truncateFromEnd(endOffset);
  state.epochs.truncateFromStart(state.logStartOffset);
  await reloadProducers(state);
}

/** Removes what is half done or half removed, and finishes swaps. Returns the names of the files that are left. */
async function settleInterruptedWork(state: LogState, entries: readonly DirectoryEntry[]): Promise<string[]> {
  const { fileSystem } = state.surroundings;
  const at = (name: string): string => path.join(state.directory, name);
  const files = entries.filter((entry) => !entry.isDirectory).map((entry) => entry.name);
  const kept = new Set(files);
  const remove = async (name: string): Promise<void> => {
    kept.delete(name);
    await fileSystem.remove(at(name));
  };
  const cleaned = files.filter((name) => name.endsWith(CLEANED_SUFFIX));
  // A cleaned file next to swap files of later offsets belongs to a split that was not finished: all of them go.
  const cleanedMin = Math.min(...cleaned.map((name) => parseOffsetFileName(name)?.offset ?? Number.POSITIVE_INFINITY));
  const swaps: { readonly name: string; readonly offset: number }[] = [];
  for (const name of files) {
    const offset = parseOffsetFileName(name)?.offset;
    if (name.endsWith(DELETED_SUFFIX) || name.endsWith(CLEANED_SUFFIX)) await remove(name);
    else if (name.endsWith(SWAP_SUFFIX) && offset !== undefined) {
      if (offset >= cleanedMin) await remove(name);
      else swaps.push({ name, offset });
    }
  }
  if (swaps.length > 0) await finishSwap(state, swaps, kept, remove);
  return [...kept];
}

/** Segments that compaction had finished take the place of those they were made from. */
async function finishSwap(
  state: LogState,
  swaps: readonly { readonly name: string; readonly offset: number }[],
  kept: Set<string>,
  remove: (name: string) => Promise<void>,
): Promise<void> {
  const { fileSystem, handles } = state.surroundings;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { name, offset } of swaps.filter((swap) => swap.name.endsWith(LOG_SUFFIX + SWAP_SUFFIX))) {
    const file = path.join(state.directory, name);
    const size = (await fileSystem.status(file))?.size ?? 0;
    from = Math.min(from, offset);
    to = Math.max(to, offset);
    await handles.use(file, false, (handle) =>
      scanBatches(handle, 0, size, (buffer, at) => {
        to = Math.max(to, lastOffsetOf(buffer, at) + 1);
        return true;
      }),
    );
    await handles.forget(file);
  }
  for (const name of [...kept]) {
    const parsed = parseOffsetFileName(name);
    if (parsed === null || name.endsWith(SWAP_SUFFIX) || parsed.offset < from || parsed.offset >= to) continue;
    await remove(name);
  }
  for (const { name } of swaps) {
    const target = name.slice(0, -SWAP_SUFFIX.length);
    await fileSystem.rename(path.join(state.directory, name), path.join(state.directory, target));
    kept.delete(name);
    kept.add(target);
  }
}

async function findSegments(state: LogState, names: readonly string[]): Promise<void> {
  const { fileSystem, logger } = state.surroundings;
  const present = new Set(names);
  const offsets: number[] = [];
  for (const name of names) {
    const parsed = parseOffsetFileName(name);
    if (parsed === null) continue;
    if (parsed.suffix === LOG_SUFFIX) offsets.push(parsed.offset);
    else if ((SEGMENT_SUFFIXES as readonly string[]).includes(parsed.suffix)) {
      if (present.has(offsetFileName(parsed.offset, LOG_SUFFIX))) continue;
      logger.warn(`Found an orphaned index file ${path.join(state.directory, name)}, with no corresponding log file.`);
      await fileSystem.remove(path.join(state.directory, name));
    }
  }
  offsets.sort((a, b) => a - b);
  state.segments = await Promise.all(
    offsets.map(async (offset) => {
      const file = path.join(state.directory, offsetFileName(offset, LOG_SUFFIX));
      const status = await fileSystem.status(file);
      return Segment.found(state.directory, offset, state.surroundings, status?.size ?? 0, status?.modifiedMs ?? 0);
    }),
  );
  for (const segment of state.segments) {
    if (
      !present.has(offsetFileName(segment.baseOffset, OFFSET_INDEX_SUFFIX)) ||
      !present.has(offsetFileName(segment.baseOffset, TIME_INDEX_SUFFIX))
    ) {
      logger.warn(`Could not find the index files of log file ${segment.logPath}, rebuilding them.`);
      await segment.offsetIndex();
    }
  }
}

/** Reads all segments from the one that holds the recovery point on, and cuts the log where it stops making sense. */
async function recoverSegments(state: LogState, recoveryPoint: number): Promise<void> {
  const { logger } = state.surroundings;
  const first = Math.max(0, state.segmentSlot(recoveryPoint));
  for (let slot = first; slot < state.segments.length; slot++) {
    const segment = state.segments[slot]!;
    const size = segment.size;
    logger.info(
      `Recovering unflushed segment ${segment.baseOffset}. ${slot - first}/${state.segments.length - first} recovered for ${state.name}.`,
    );
    const why = await recoverSegment(state, segment, size);
    if (why === null) continue;
    logger.warn(
      `Found invalid messages in log segment ${segment.logPath} at byte offset ${segment.size}: ${why}. ` +
        `${size - segment.size} bytes and ${state.segments.length - slot - 1} later segments are cut off.`,
    );
    for (const later of state.segments.splice(slot + 1)) await later.removeFiles();
    return;
  }
}

/** Returns why the segment was cut, or null when it is sound to its end. */
async function recoverSegment(state: LogState, segment: Segment, size: number): Promise<string | null> {
  const { handles } = state.surroundings;
  const { indexIntervalBytes } = state.config;
  segment.resetIndexes();
  let why: string | null = null;
  let nextOffset = segment.baseOffset;
  const valid = await handles.use(segment.logPath, false, (handle) =>
    scanBatches(handle, 0, size, (buffer, at, batchSize) => {
      const check = validateBatch(buffer, at, { compacted: true });
      if (!check.ok) why = check.message;
      else if (baseOffsetOf(buffer, at) < nextOffset)
        why = `offset ${baseOffsetOf(buffer, at)} where at least ${nextOffset} is expected`;
      if (why !== null) return false;
      nextOffset = lastOffsetOf(buffer, at) + 1;
      segment.noteBatch(nextOffset - 1, maxTimestampOf(buffer, at), batchSize, indexIntervalBytes);
      const leaderEpoch = partitionLeaderEpochOf(buffer, at);
      if (leaderEpoch > state.epochs.latest) state.epochs.assign(leaderEpoch, baseOffsetOf(buffer, at));
      return true;
    }),
  );
  if (valid < size) {
    why ??= 'the file ends within a batch';
    await handles.use(segment.logPath, true, (handle) => handle.truncate(valid));
  }
  segment.size = valid;
  segment.writtenSize = valid;
  segment.close();
  await segment.saveIndexes(false);
  return why;
}

/** The offset behind the last batch of the last segment. */
async function findEndOffset(state: LogState): Promise<number> {
  const segment = state.segments.at(-1);
  if (segment === undefined) return 0;
  let endOffset = segment.baseOffset;
  const offsets = await segment.offsetIndex();
  await segment.loadMaxTimestamp();
  const from = offsets.positionFor(Number.MAX_SAFE_INTEGER);
  const end = await state.surroundings.handles.use(segment.logPath, false, (handle) =>
    scanBatches(handle, from, segment.size, (buffer, at) => {
      endOffset = lastOffsetOf(buffer, at) + 1;
      if (maxTimestampOf(buffer, at) > segment.maxTimestamp) {
        segment.maxTimestamp = maxTimestampOf(buffer, at);
        segment.offsetOfMaxTimestamp = endOffset - 1;
      }
      return true;
    }),
  );
  if (end < segment.size) {
    state.surroundings.logger.warn(
      `Log segment ${segment.logPath} ends within a batch at ${end}: ${segment.size - end} bytes are cut off.`,
    );
    await segment.truncate(end, endOffset);
  }
  return endOffset;
}

/** The active segment's age counts from its first batch. */
async function findFirstTimestamp(state: LogState): Promise<void> {
  const segment = state.active;
  if (segment.size < BATCH_HEADER_SIZE || segment.firstBatchTimestamp >= 0) return;
  await state.surroundings.handles.use(segment.logPath, false, async (handle) => {
    const header = Buffer.alloc(BATCH_HEADER_SIZE);
    if ((await handle.read(header, 0)) === BATCH_HEADER_SIZE) segment.firstBatchTimestamp = maxTimestampOf(header, 0);
  });
}

/** Rebuilds what is known of producers: the newest snapshot that fits, and the batches behind it. */
export async function reloadProducers(state: LogState): Promise<void> {
  const { fileSystem, logger, clock, producerIdExpirationMs, handles } = state.surroundings;
  const snapshotPath = (offset: number): string => path.join(state.directory, offsetFileName(offset, SNAPSHOT_SUFFIX));
  state.producers.clear();
  for (const offset of state.snapshots.filter(
    (snapshot) => snapshot > state.nextOffset || snapshot <= state.logStartOffset,
  )) {
    await fileSystem.remove(snapshotPath(offset));
    state.snapshots.splice(state.snapshots.indexOf(offset), 1);
  }
  // Of the others only those at the start of a segment are of use, when the log is cut; a stop leaves one at its end.
  const bases = new Set(state.segments.map((segment) => segment.baseOffset));
  for (const offset of state.snapshots.slice(0, -1).filter((snapshot) => !bases.has(snapshot))) {
    await fileSystem.remove(snapshotPath(offset));
    state.snapshots.splice(state.snapshots.indexOf(offset), 1);
  }
  let from = state.logStartOffset;
  while (state.snapshots.length > 0) {
    const offset = state.snapshots.at(-1)!;
    const bytes = await fileSystem.readFile(snapshotPath(offset));
    const why = bytes === null ? 'it is gone' : state.producers.restore(bytes, clock.wallMs(), producerIdExpirationMs);
    if (why === null) {
      from = offset;
      break;
    }
    logger.warn(`Failed to load producer snapshot from '${snapshotPath(offset)}': ${why}`);
    await fileSystem.remove(snapshotPath(offset));
    state.snapshots.pop();
  }
  for (let slot = Math.max(0, state.segmentSlot(from)); slot < state.segments.length && from < state.nextOffset; slot++) {
    const segment = state.segments[slot]!;
    if (segment.size === 0) continue;
    const position = segment.baseOffset >= from ? 0 : (await segment.offsetIndex()).positionFor(from);
    await handles.use(segment.logPath, false, (handle) =>
      scanBatches(handle, position, segment.size, (buffer, at) => {
        if (lastOffsetOf(buffer, at) >= from) replayProducer(state.producers, buffer, at);
        return true;
      }),
    );
  }
}

/** Takes a batch over that is in the log already. */
export function replayProducer(producers: ProducerState, buffer: Buffer, at: number): void {
  const producerId = producerIdOf(buffer, at);
  if (producerId < 0) return;
  if (isControl(buffer, at)) {
    const first = iterateRecords(buffer, at).next();
    const marker = first.done === true ? null : readMarker(first.value);
    if (marker === null || first.done === true) return;
    producers.appendMarker(producerId, producerEpochOf(buffer, at), marker, baseOffsetOf(buffer, at), first.value.timestamp);
    return;
  }
  const baseOffset = baseOffsetOf(buffer, at);
  producers.append({
    producerId,
    producerEpoch: producerEpochOf(buffer, at),
    firstSequence: baseSequenceOf(buffer, at),
    lastSequence: lastSequenceOf(buffer, at),
    baseOffset,
    lastOffset: baseOffset + lastOffsetDeltaOf(buffer, at),
    maxTimestamp: maxTimestampOf(buffer, at),
    transactional: isTransactional(buffer, at),
  });
}
