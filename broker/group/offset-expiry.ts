/**
 * When committed offsets have outlived `offsets.retention.minutes`. The time runs from the moment the group became empty;
 * for groups that never had members, and for topics that a stable group has stopped consuming, from the commit. An offset
 * that was committed with a retention of its own (versions 2 to 4 of OffsetCommit) goes by that.
 */
import type { GroupBase } from './group-base.ts';
import type { CommittedOffset, TopicPartition } from './offsets.ts';

/** Forgets what has expired by `wallMs`; returns the partitions that need tombstones. */
export function removeExpiredOffsets(group: GroupBase, wallMs: number): TopicPartition[] {
  const retentionMs = group.config.offsetsRetentionMinutes * 60_000;
  const isDue = (baseMs: number, offset: CommittedOffset): boolean =>
    offset.expireTimestamp === -1 ? wallMs - baseMs >= retentionMs : wallMs >= offset.expireTimestamp;

  const { offsets, subscribedTopics: topics } = group;
  if (group.protocolType === null) return offsets.removeExpired((_, offset) => isDue(offset.commitTimestamp, offset));
  if (group.state === 'Empty') {
    const emptySinceMs = group.stateTimestampMs;
    return offsets.removeExpired((_, offset) => isDue(emptySinceMs === -1 ? offset.commitTimestamp : emptySinceMs, offset));
  }
  if (group.state !== 'Stable' || group.protocolType !== 'consumer' || topics === null) return [];
  return offsets.removeExpired((topic, offset) => !topics.has(topic) && isDue(offset.commitTimestamp, offset));
}
