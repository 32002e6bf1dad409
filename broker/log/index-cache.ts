/**
 * Indexes of closed segments, read from their files when somebody looks into the past, and dropped when others need the
 * room.
 */
export interface CachedIndexes {
  /** Memory that they take. */
  readonly indexBytes: number;
  dropIndexes(): void;
}

const CACHE_BYTES_MAX = 16 * 1024 * 1024;

export class IndexCache {
  private readonly bytesMax: number;
  /** Longest unused first, with the size each was counted with. */
  private readonly entries = new Map<CachedIndexes, number>();
  private total = 0;

  constructor(bytesMax = CACHE_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  get totalBytes(): number {
    return this.total;
  }

  /** Notes that a segment's indexes are in memory and were just used. */
  touch(segment: CachedIndexes): void {
    this.forget(segment);
    this.entries.set(segment, segment.indexBytes);
    this.total += segment.indexBytes;
    for (const [oldest] of this.entries) {
      if (this.total <= this.bytesMax || oldest === segment) return;
      this.forget(oldest);
      oldest.dropIndexes();
    }
  }

  forget(segment: CachedIndexes): void {
    const size = this.entries.get(segment);
    if (size === undefined) return;
    this.entries.delete(segment);
    this.total -= size;
  }
}
