/**
 * The committed offsets of one group.
 *
 * A commit is staged when it is sent to the log (`prepare`), and becomes visible when the log has it (`commitAppended`):
 * nobody is ever told an offset that could be forgotten. Commits of one partition may be in flight together; the one that
 * stands later in the log wins, in whatever order their acknowledgements come. Commits inside a transaction stay pending
 * until its marker.
 */

/** One partition's committed offset. Timestamps are wall clock ms; -1 stands for "none". */
export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestamp: number;
  readonly expireTimestamp: number;
}

/** What a client asked to commit for one partition. */
export interface OffsetToCommit extends CommittedOffset {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

interface Entry {
  readonly committed: CommittedOffset;
  /** Where in the log the commit stands (the base offset of its batch). */
  readonly logOffset: number;
}

/** A map by topic and partition that builds no strings. */
class PartitionMap<V> {
  private readonly topics = new Map<string, Map<number, V>>();

  get(topic: string, partition: number): V | undefined {
    return this.topics.get(topic)?.get(partition);
  }

  set(topic: string, partition: number, value: V): void {
    let partitions = this.topics.get(topic);
    if (partitions === undefined) this.topics.set(topic, (partitions = new Map()));
    partitions.set(partition, value);
  }

  delete(topic: string, partition: number): boolean {
    const partitions = this.topics.get(topic);
    if (partitions === undefined || !partitions.delete(partition)) return false;
    if (partitions.size === 0) this.topics.delete(topic);
    return true;
  }

  get isEmpty(): boolean {
    return this.topics.size === 0;
  }

  *entries(): Generator<[topic: string, partition: number, value: V]> {
    for (const [topic, partitions] of this.topics) {
      for (const [partition, value] of partitions) yield [topic, partition, value];
    }
  }
}

export class GroupOffsets {
  private readonly offsets = new PartitionMap<Entry>();
  private readonly staged = new PartitionMap<CommittedOffset>();
  private readonly transactional = new Map<number, PartitionMap<Entry>>();

  /** No offset is stored and none is on its way. */
  get isEmpty(): boolean {
    return this.offsets.isEmpty && this.staged.isEmpty && this.transactional.size === 0;
  }

  get count(): number {
    let count = 0;
    for (const _entry of this.offsets.entries()) count += 1;
    return count;
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.offsets.get(topic, partition)?.committed;
  }

  /** All partitions that have an offset, grouped by topic. */
  *all(): Generator<[topic: string, partition: number, committed: CommittedOffset]> {
    for (const [topic, partition, entry] of this.offsets.entries()) yield [topic, partition, entry.committed];
  }

  /** True while a newer offset of this partition is on its way to the log or waits for the end of a transaction. */
  isUnstable(topic: string, partition: number): boolean {
    if (this.staged.get(topic, partition) !== undefined) return true;
    for (const pending of this.transactional.values()) if (pending.get(topic, partition) !== undefined) return true;
    return false;
  }

  prepare(commits: readonly OffsetToCommit[]): void {
    for (const commit of commits) this.staged.set(commit.topic, commit.partition, commit);
  }

  /** The log has `commits`, at `logOffset`. */
  commitAppended(commits: readonly OffsetToCommit[], logOffset: number): void {
    for (const commit of commits) {
      const { topic, partition } = commit;
      // Deleted meanwhile (OffsetDelete, a deleted topic): its tombstone stands later in the log than this commit.
      if (this.staged.get(topic, partition) === undefined) continue;
      this.put(topic, partition, commit, logOffset);
      this.unstage(commit);
    }
  }

  commitFailed(commits: readonly OffsetToCommit[]): void {
    for (const commit of commits) this.unstage(commit);
  }

  /** Only the newest commit of a partition is remembered as staged: an older one that ends must not clear it. */
  private unstage(commit: OffsetToCommit): void {
    if (this.staged.get(commit.topic, commit.partition) === commit) this.staged.delete(commit.topic, commit.partition);
  }

  private put(topic: string, partition: number, committed: CommittedOffset, logOffset: number): void {
    const present = this.offsets.get(topic, partition);
    if (present === undefined || present.logOffset < logOffset) this.offsets.set(topic, partition, { committed, logOffset });
  }

  /** An offset read back from the log. */
  load(topic: string, partition: number, committed: CommittedOffset, logOffset: number): void {
    this.offsets.set(topic, partition, { committed, logOffset });
  }

  /** A tombstone read back from the log. */
  unload(topic: string, partition: number): void {
    this.offsets.delete(topic, partition);
  }

  /**
   * A commit of producer `producerId`'s transaction, read back or just appended at `logOffset`: seen when the transaction
   * commits.
   */
  loadTransactional(
    producerId: number,
    topic: string,
    partition: number,
    committed: CommittedOffset,
    logOffset: number,
  ): void {
    let pending = this.transactional.get(producerId);
    if (pending === undefined) this.transactional.set(producerId, (pending = new PartitionMap()));
    pending.set(topic, partition, { committed, logOffset });
  }

  /** Drops one partition of a transaction's commits (a tombstone inside the transaction). */
  unloadTransactional(producerId: number, topic: string, partition: number): void {
    const pending = this.transactional.get(producerId);
    if (pending === undefined) return;
    pending.delete(topic, partition);
    if (pending.isEmpty) this.transactional.delete(producerId);
  }

  /** The marker of `producerId`'s transaction is in the log: its commits count from now on, or never did. */
  completeTransaction(producerId: number, outcome: 'commit' | 'abort'): void {
    const pending = this.transactional.get(producerId);
    this.transactional.delete(producerId);
    if (pending === undefined || outcome === 'abort') return;
    for (const [topic, partition, entry] of pending.entries()) {
      this.put(topic, partition, entry.committed, entry.logOffset);
    }
  }

  /**
   * Forgets the offsets of `partitions`, staged and pending ones too. Returns those the log may know: they need
   * tombstones.
   */
  remove(partitions: Iterable<TopicPartition>): TopicPartition[] {
    const removed: TopicPartition[] = [];
    for (const { topic, partition } of partitions) {
      const wasStaged = this.staged.delete(topic, partition);
      for (const producerId of [...this.transactional.keys()]) this.unloadTransactional(producerId, topic, partition);
      if (this.offsets.delete(topic, partition) || wasStaged) removed.push({ topic, partition });
    }
    return removed;
  }

  removeAll(): TopicPartition[] {
    return this.removeWhere(() => true);
  }

  /** As `remove`, for all partitions of the topics of which `unwanted` says so. */
  removeWhere(unwanted: (topic: string) => boolean): TopicPartition[] {
    const partitions: TopicPartition[] = [];
    for (const map of [this.offsets, this.staged, ...this.transactional.values()]) {
      for (const [topic, partition] of map.entries()) if (unwanted(topic)) partitions.push({ topic, partition });
    }
    return this.remove(partitions);
  }

  /** Forgets every offset of which `expired` says so, except those with a newer one on its way. */
  removeExpired(expired: (topic: string, committed: CommittedOffset) => boolean): TopicPartition[] {
    const removed: TopicPartition[] = [];
    for (const [topic, partition, { committed }] of [...this.offsets.entries()]) {
      if (this.staged.get(topic, partition) !== undefined || !expired(topic, committed)) continue;
      this.offsets.delete(topic, partition);
      removed.push({ topic, partition });
    }
    return removed;
  }
}
