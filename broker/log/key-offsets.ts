/**
 * What a compaction knows of keys: the last offset of each one in the dirty part of a log. Keys are remembered by their MD5,
 * as in the original (`SkimpyOffsetMap`): 24 bytes an entry whatever their size, and two keys of one hash are not expected in
 * the life of a universe. Open addressing over two typed arrays, which grow until the memory that was granted is used.
 */
import { hash } from 'node:crypto';

/** Bytes of memory per entry: 16 of hash, 8 of offset. */
const KEY_ENTRY_BYTES = 24;
const CAPACITY_MIN = 1024;
/** The table is never filled further: the search for a key ends at a free slot. */
const LOAD_FACTOR_MAX = 0.95;
const NONE = -1;

export class KeyOffsets {
  /** Last offset that was looked at, whether or not it had a key; -1 when none was. */
  latestOffset = NONE;
  /** Entries beyond which no more are taken. */
  readonly entriesMax: number;
  private readonly slotsMax: number;
  private readonly loadFactor: number;
  private hashes: Int32Array;
  private offsets: Float64Array;
  private used = 0;

  /** `memoryBytes` and `loadFactor` as in `log.cleaner.dedupe.buffer.size` and `log.cleaner.io.buffer.load.factor`. */
  constructor(memoryBytes: number, loadFactor: number) {
    this.slotsMax = Math.max(2, Math.floor(memoryBytes / KEY_ENTRY_BYTES));
    this.loadFactor = Math.min(loadFactor, LOAD_FACTOR_MAX);
    this.entriesMax = Math.floor(this.slotsMax * this.loadFactor);
    const capacity = Math.min(CAPACITY_MIN, this.slotsMax);
    this.hashes = new Int32Array(capacity * 4);
    this.offsets = new Float64Array(capacity).fill(NONE);
  }

  get size(): number {
    return this.used;
  }

  /** Notes a later offset of a key. False when there is no room for another key: then nothing has changed. */
  put(key: Buffer, offset: number): boolean {
    const words = hashOf(key);
    let slot = this.slotOf(words);
    if (this.offsets[slot] === NONE) {
      if (this.used >= this.entriesMax) return false;
      if (this.used + 1 > this.offsets.length * this.loadFactor && this.offsets.length < this.slotsMax) {
        this.grow();
        slot = this.slotOf(words);
      }
      this.hashes.set(words, slot * 4);
      this.used++;
    }
    this.offsets[slot] = offset;
    return true;
  }

  /** The last offset of a key, -1 for one that did not come. */
  get(key: Buffer): number {
    return this.offsets[this.slotOf(hashOf(key))]!;
  }

  /** Where the hash is, or the free slot where it would be: `put` sees to it that there always is one. */
  private slotOf(words: Int32Array): number {
    const { hashes, offsets } = this;
    const capacity = offsets.length;
    let slot = (words[0]! >>> 0) % capacity;
    while (offsets[slot] !== NONE) {
      const at = slot * 4;
      if (
        hashes[at] === words[0] &&
        hashes[at + 1] === words[1] &&
        hashes[at + 2] === words[2] &&
        hashes[at + 3] === words[3]
      ) {
        return slot;
      }
      slot = slot + 1 === capacity ? 0 : slot + 1;
    }
    return slot;
  }

  private grow(): void {
    const { hashes, offsets } = this;
    const capacity = Math.min(this.slotsMax, offsets.length * 2);
    this.hashes = new Int32Array(capacity * 4);
    this.offsets = new Float64Array(capacity).fill(NONE);
    for (let slot = 0; slot < offsets.length; slot++) {
      if (offsets[slot] === NONE) continue;
      const words = hashes.subarray(slot * 4, slot * 4 + 4);
      const target = this.slotOf(words);
      this.hashes.set(words, target * 4);
      this.offsets[target] = offsets[slot]!;
    }
  }
}

function hashOf(key: Buffer): Int32Array {
  const digest = hash('md5', key, 'buffer');
  const words = new Int32Array(4);
  for (let word = 0; word < 4; word++) words[word] = digest.readInt32LE(word * 4);
  return words;
}
