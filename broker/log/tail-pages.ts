/**
 * The newest bytes of each log, in memory: what is still on its way to the file, and what consumers at the tail are about to
 * ask for. Appends are copied here, one page after another, so that
 *
 * - a write takes one buffer a page and a read one slice of it, however small the batches are;
 * - nothing else of the socket's chunk that a batch came in stays alive (a 100-byte batch would pin 64 KiB);
 * - the caller's bytes stay as they are, and offsets are patched in the copy.
 *
 * The copy costs less than one percent of a core at 100 MB/s; the checksum has just brought the bytes into the cache.
 *
 *     page:  | batch | batch | batch |  free  |      written once: a slice that was handed out never changes
 *
 * Pages start small and grow with the log's traffic, so that thousands of quiet partitions cost next to nothing. All logs
 * share one budget: beyond it the oldest pages go, as soon as they have been written.
 */
import { assert } from '../../shared/base/assert.ts';

const NO_BYTES = Buffer.alloc(0);
const PAGE_BYTES_MIN = 4096;
const PAGE_BYTES_MAX = 256 * 1024;
/** Buffers kept for the next pages: a bit more than what one turn of the event loop evicts. */
const SPARES_MAX = 8;
/** Above this many queued pages it pays to look which of them are gone. */
const QUEUE_TIDY_ABOVE = 4096;

export interface Page {
  readonly owner: TailPages;
  /** Base offset of the segment it belongs to, and the position in it of the first byte. */
  readonly segmentBaseOffset: number;
  readonly position: number;
  /** Base offset of its first batch. */
  readonly baseOffset: number;
  /** Empty once evicted: the queue may still hold the page, which must not keep its bytes alive. */
  buffer: Buffer;
  filled: number;
  /** How many of its bytes the file has. */
  written: number;
  evicted: boolean;
  /** A slice of it was handed to a reader, who may keep it as long as he likes. */
  shared: boolean;
}

export interface TailLimits {
  /** Bytes kept over all logs, and of any single one. */
  readonly totalBytesMax: number;
  readonly logBytesMax: number;
}

const DEFAULT_TAIL_LIMITS: TailLimits = { totalBytesMax: 32 * 1024 * 1024, logBytesMax: 2 * 1024 * 1024 };

/** What all logs together may keep. */
export class TailBudget {
  readonly limits: TailLimits;
  private total = 0;
  /** Pages in the order they were begun; those before `head` have been looked at. */
  private queue: Page[] = [];
  private head = 0;
  /** Buffers of full size that nobody refers to any more. */
  private readonly spares: Buffer[] = [];

  constructor(limits: TailLimits = DEFAULT_TAIL_LIMITS) {
    this.limits = limits;
  }

  get totalBytes(): number {
    return this.total;
  }

  /** Pages that are looked at for eviction, some of which may be gone. */
  get queuedCount(): number {
    return this.queue.length;
  }

  admit(page: Page): void {
    this.total += page.buffer.length;
    this.queue.push(page);
    if (this.queue.length > QUEUE_TIDY_ABOVE && this.queue.length > 2 * this.liveCountMax()) {
      this.queue = this.queue.filter((queued, slot) => slot >= this.head && !queued.evicted);
      this.head = 0;
    }
  }

  release(page: Page): void {
    this.total -= page.buffer.length;
    // Nobody else has seen the bytes, so they can be overwritten: the garbage collector never hears of a page like that.
    if (page.buffer.length === PAGE_BYTES_MAX && !page.shared && isWritten(page) && this.spares.length < SPARES_MAX) {
      this.spares.push(page.buffer);
    }
  }

  takeBuffer(size: number): Buffer {
    return (size === PAGE_BYTES_MAX ? this.spares.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
  }

  /** Drops the oldest pages that the files have, until the rest fits. */
  trim(): void {
    while (this.total > this.limits.totalBytesMax && this.head < this.queue.length) {
      const page = this.queue[this.head]!;
      if (!page.evicted) {
        if (!isWritten(page)) break;
        page.owner.evict(page);
      }
      this.head++;
    }
    if (this.head > 256 && this.head * 2 > this.queue.length) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
  }

  /** No more pages than this are kept: every one has the smallest size at least. */
  private liveCountMax(): number {
    return Math.ceil(this.total / PAGE_BYTES_MIN);
  }
}

/** Where a batch was put. */
export interface Placed {
  readonly buffer: Buffer;
  readonly at: number;
}

/** The pages of one log. */
export class TailPages {
  private readonly budget: TailBudget;
  private pages: Page[] = [];
  private size = 0;
  private nextPageBytes = PAGE_BYTES_MIN;

  constructor(budget: TailBudget) {
    this.budget = budget;
  }

  get byteSize(): number {
    return this.size;
  }

  /** Copies a batch to its place in the segment, right behind the one before. */
  append(segmentBaseOffset: number, position: number, baseOffset: number, batch: Buffer): Placed {
    let page = this.pages.at(-1);
    if (
      page === undefined ||
      page.segmentBaseOffset !== segmentBaseOffset ||
      page.position + page.filled !== position ||
      page.buffer.length - page.filled < batch.length
    ) {
      page = this.begin(segmentBaseOffset, position, baseOffset, batch.length);
    }
    const at = page.filled;
    batch.copy(page.buffer, at);
    page.filled = at + batch.length;
    return { buffer: page.buffer, at };
  }

  private begin(segmentBaseOffset: number, position: number, baseOffset: number, batchSize: number): Page {
    const size = Math.max(batchSize, this.nextPageBytes);
    this.nextPageBytes = Math.min(PAGE_BYTES_MAX, this.nextPageBytes * 2);
    const buffer = this.budget.takeBuffer(size);
    const page: Page = {
      owner: this,
      segmentBaseOffset,
      position,
      baseOffset,
      buffer,
      filled: 0,
      written: 0,
      evicted: false,
      shared: false,
    };
    this.pages.push(page);
    this.size += size;
    this.budget.admit(page);
    while (this.size > this.budget.limits.logBytesMax && this.pages.length > 1 && isWritten(this.pages[0]!)) {
      this.evict(this.pages[0]!);
    }
    this.budget.trim();
    return page;
  }

  /** The bytes of a segment from one position to another, none of which may have been evicted. */
  slices(segmentBaseOffset: number, from: number, to: number): Buffer[] {
    const slices: Buffer[] = [];
    let at = from;
    for (let slot = this.firstSlotBehind(segmentBaseOffset, from); slot < this.pages.length && at < to; slot++) {
      const page = this.pages[slot]!;
      assert(page.segmentBaseOffset === segmentBaseOffset && page.position <= at, 'unwritten bytes are in the pages');
      const end = Math.min(to, page.position + page.filled);
      slices.push(page.buffer.subarray(at - page.position, end - page.position));
      at = end;
    }
    assert(at === to, 'unwritten bytes are in the pages to their end');
    return slices;
  }

  /** First page that reaches beyond a position of a segment: pages to be written are at the end of the list. */
  private firstSlotBehind(segmentBaseOffset: number, position: number): number {
    let slot = this.pages.length;
    while (slot > 0) {
      const page = this.pages[slot - 1]!;
      if (page.segmentBaseOffset < segmentBaseOffset) break;
      if (page.segmentBaseOffset === segmentBaseOffset && page.position + page.filled <= position) break;
      slot--;
    }
    return slot;
  }

  /** The file of a segment now has all bytes before `position`. */
  markWritten(segmentBaseOffset: number, position: number): void {
    for (let slot = this.pages.length - 1; slot >= 0; slot--) {
      const page = this.pages[slot]!;
      if (page.segmentBaseOffset > segmentBaseOffset) continue;
      if (page.segmentBaseOffset < segmentBaseOffset) break;
      if (isWritten(page) && page.position + page.filled < position) break;
      page.written = Math.max(page.written, Math.min(page.filled, position - page.position));
    }
    this.budget.trim();
  }

  /** The page that holds `offset` if any does, that is the last one that begins at or before it; -1 when all begin later. */
  slotFor(offset: number): number {
    let low = 0;
    let high = this.pages.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (this.pages[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  pageAt(slot: number): Page | undefined {
    return this.pages[slot];
  }

  evict(page: Page): void {
    const slot = this.pages.indexOf(page);
    assert(slot >= 0, 'an evicted page was there');
    this.pages.splice(slot, 1);
    page.evicted = true;
    this.size -= page.buffer.length;
    this.budget.release(page);
    page.buffer = NO_BYTES;
    if (this.pages.length === 0) this.nextPageBytes = PAGE_BYTES_MIN;
  }

  /** Forgets the pages of segments from one base offset up to another one: their files were replaced. */
  dropSegments(fromBaseOffset: number, toBaseOffset: number): void {
    const dropped = this.pages.filter(
      (page) => page.segmentBaseOffset >= fromBaseOffset && page.segmentBaseOffset < toBaseOffset,
    );
    for (const page of dropped) this.evict(page);
  }

  /** Forgets everything: the log was cut, or closed. Slices handed out stay as they are. */
  clear(): void {
    while (this.pages.length > 0) this.evict(this.pages.at(-1)!);
  }
}

/** A page that was begun a moment ago is about to be filled. */
function isWritten(page: Page): boolean {
  return page.filled > 0 && page.written === page.filled;
}
