/**
 * Takes the files of segments away that are no longer part of a log: renamed at once, removed `file.delete.delay.ms` later,
 * so that whoever is reading them can finish. What a stop leaves is removed by the next start.
 */
import path from 'node:path';
import type { LogState } from './log-state.ts';
import { DELETED_SUFFIX, SNAPSHOT_SUFFIX, offsetFileName } from './names.ts';
import type { Segment } from './segment.ts';

export class SegmentRemoval {
  private readonly state: LogState;
  /** Removals that are due later, to be called off when the log closes. */
  private readonly due = new Set<() => void>();

  constructor(state: LogState) {
    this.state = state;
  }

  /** Part of the log's chain of work. The segments are out of its list; producer snapshots where one began go with them. */
  async remove(gone: readonly Segment[]): Promise<void> {
    const { state } = this;
    const { fileSystem, scheduler } = state.surroundings;
    const snapshotPaths: string[] = [];
    for (const segment of gone) {
      await segment.markDeleted();
      const slot = state.snapshots.indexOf(segment.baseOffset);
      if (slot < 0 || state.segments.some((other) => other.baseOffset === segment.baseOffset)) continue;
      state.snapshots.splice(slot, 1);
      const snapshotPath = path.join(state.directory, offsetFileName(segment.baseOffset, SNAPSHOT_SUFFIX));
      if ((await fileSystem.status(snapshotPath)) === null) continue;
      await fileSystem.rename(snapshotPath, snapshotPath + DELETED_SUFFIX);
      snapshotPaths.push(snapshotPath + DELETED_SUFFIX);
    }
    const cancel = scheduler.after(state.config.fileDeleteDelayMs, () => {
      this.due.delete(cancel);
      state.enqueueQuietly('deleting segments of', async () => {
        for (const segment of gone) await segment.removeFiles();
        for (const snapshotPath of snapshotPaths) await fileSystem.remove(snapshotPath);
      });
    });
    this.due.add(cancel);
  }

  cancel(): void {
    for (const cancel of this.due) cancel();
    this.due.clear();
  }
}
