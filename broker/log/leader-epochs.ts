/**
 * Which leader epoch began at which offset of a partition (KIP-101): what a follower compares with its leader's to find
 * where their logs part. Kept in `leader-epoch-checkpoint`; pure apart from telling `onChange` that the file is out of date.
 *
 * Invariant: epochs and start offsets both grow from entry to entry.
 */
export interface EpochEntry {
  readonly leaderEpoch: number;
  readonly startOffset: number;
}

/** An epoch and where its records end. -1 and -1 when it cannot be said. */
export interface EpochEnd {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

const UNKNOWN: EpochEnd = { leaderEpoch: -1, endOffset: -1 };

export class LeaderEpochs {
  private list: EpochEntry[];
  private readonly onChange: () => void;

  constructor(entries: readonly EpochEntry[] = [], onChange: () => void = () => undefined) {
    this.list = [];
    this.onChange = onChange;
    for (const entry of entries) this.insert(entry.leaderEpoch, entry.startOffset);
  }

  get entries(): readonly EpochEntry[] {
    return this.list;
  }

  /** The newest epoch, or -1. */
  get latest(): number {
    return this.list.at(-1)?.leaderEpoch ?? -1;
  }

  get earliestEntry(): EpochEntry | null {
    return this.list[0] ?? null;
  }

  /**
   * Notes that `leaderEpoch` begins at `startOffset`. Entries that contradict it are from a history that is no longer ours
   * and go.
   */
  assign(leaderEpoch: number, startOffset: number): void {
    const last = this.list.at(-1);
    if (last !== undefined && last.leaderEpoch === leaderEpoch && startOffset >= last.startOffset) return;
    this.insert(leaderEpoch, startOffset);
    this.onChange();
  }

  private insert(leaderEpoch: number, startOffset: number): void {
    while (this.list.length > 0) {
      const last = this.list.at(-1)!;
      if (last.leaderEpoch < leaderEpoch && last.startOffset < startOffset) break;
      this.list.pop();
    }
    this.list.push({ leaderEpoch, startOffset });
  }

  /** The epoch that `offset` was written in, or -1. */
  epochOf(offset: number): number {
    for (let at = this.list.length - 1; at >= 0; at--) {
      if (this.list[at]!.startOffset <= offset) return this.list[at]!.leaderEpoch;
    }
    return -1;
  }

  /**
   * The largest known epoch at or below `leaderEpoch`, and the offset at which the next one starts (`logEndOffset` for the
   * newest). An epoch newer than all we know: unknown. One older than all: itself, ending where the oldest starts.
   */
  endOffsetFor(leaderEpoch: number, logEndOffset: number): EpochEnd {
    if (leaderEpoch < 0) return UNKNOWN;
    if (leaderEpoch === this.latest) return { leaderEpoch, endOffset: logEndOffset };
    const next = this.list.findIndex((entry) => entry.leaderEpoch > leaderEpoch);
    if (next < 0) return UNKNOWN;
    const floor = this.list[next - 1];
    return { leaderEpoch: floor?.leaderEpoch ?? leaderEpoch, endOffset: this.list[next]!.startOffset };
  }

  /** The log now ends at `endOffset`: epochs that began there or later are gone. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.list.filter((entry) => entry.startOffset < endOffset);
    if (kept.length === this.list.length) return;
    this.list = kept;
    this.onChange();
  }

  /** The log now starts at `startOffset`: the epoch it lies in begins there. */
  truncateFromStart(startOffset: number): void {
    const after = this.list.findIndex((entry) => entry.startOffset > startOffset);
    const count = after < 0 ? this.list.length : after;
    if (count === 0) return;
    const first = this.list[count - 1]!;
    if (count === 1 && first.startOffset === startOffset) return;
    this.list.splice(0, count, { leaderEpoch: first.leaderEpoch, startOffset });
    this.onChange();
  }

  clear(): void {
    if (this.list.length === 0) return;
    this.list = [];
    this.onChange();
  }
}
