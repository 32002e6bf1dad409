import { expect } from 'chai';
import fc from 'fast-check';
import { createPrng } from '../../../shared/base/prng.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { batchOf, config, openLog, put, readAll, recordsOf, surroundings } from './support.ts';
import type { SeenRecord, TestSurroundings } from './support.ts';

/** The log as an array: what a reader may find, with the batch each record is in. */
class Model {
  records: (SeenRecord & { readonly batch: number })[] = [];
  start = 0;
  end = 0;

  append(values: readonly string[]): void {
    const batch = this.end;
    for (const value of values) this.records.push({ offset: this.end++, value, batch });
  }

  truncate(offset: number): void {
    if (offset >= this.end) return;
    const cut = this.records.find((record) => record.offset === offset);
    this.end = Math.min(offset, cut?.batch ?? offset);
    this.records = this.records.filter((record) => record.offset < this.end);
    this.start = Math.min(this.start, this.end);
  }

  advance(offset: number): void {
    this.start = Math.max(this.start, offset);
    this.records = this.records.filter((record) => record.offset >= this.start);
  }

  get visible(): SeenRecord[] {
    return this.records.map(({ offset, value }) => ({ offset, value }));
  }
}

const SETTINGS = { 'segment.bytes': 700, 'index.interval.bytes': 100, 'retention.bytes': 2500, 'retention.ms': -1 };

class Run {
  private fileSystem = new MemoryFileSystem();
  readonly model = new Model();
  private readonly prng: Prng;
  private around: TestSurroundings;
  private log: PartitionLog | null = null;
  private written = 0;
  highWatermark = 0;

  constructor(seed: number) {
    this.prng = createPrng(seed);
    this.around = this.freshSurroundings();
  }

  private freshSurroundings(): TestSurroundings {
    const tail = { totalBytesMax: this.prng.int(3) * 4096, logBytesMax: 8192 };
    return surroundings(this.fileSystem, { tail, openFilesMax: 2, indexCacheBytes: 300 });
  }

  async open(cleanShutdown: boolean, recoveryPoint: number, logStartOffset: number): Promise<PartitionLog> {
    this.log = await openLog(this.around, {
      config: config(SETTINGS),
      recovery: { cleanShutdown, recoveryPoint, logStartOffset },
    });
    return this.log;
  }

  async step(): Promise<void> {
    const log = this.log ?? (await this.open(false, 0, 0));
    const dice = this.prng.int(100);
    if (dice < 55) await this.append(log);
    else if (dice < 62) log.roll();
    else if (dice < 67) await log.flush();
    else if (dice < 75) await this.truncate(log);
    else if (dice < 80) this.advance(log);
    else if (dice < 86) await this.retain(log);
    else if (dice < 92) await this.restart(log);
    else await this.crash(log);
    await this.compare();
  }

  private async append(log: PartitionLog): Promise<void> {
    const writes: Promise<unknown>[] = [];
    for (let batches = 1 + this.prng.int(4); batches > 0; batches--) {
      const values = Array.from({ length: 1 + this.prng.int(4) }, () =>
        `v${this.written++}`.padEnd(1 + this.prng.int(120), '.'),
      );
      writes.push(put(log, batchOf(values)));
      this.model.append(values);
    }
    await Promise.all(writes);
    this.highWatermark = log.logEndOffset - this.prng.int(3);
  }

  private async truncate(log: PartitionLog): Promise<void> {
    const offset = this.model.start + this.prng.int(this.model.end - this.model.start + 2);
    await log.truncateTo(offset);
    this.model.truncate(offset);
    this.highWatermark = Math.min(this.highWatermark, log.logEndOffset);
  }

  private advance(log: PartitionLog): void {
    const offset = Math.min(this.highWatermark, this.model.start + this.prng.int(6));
    log.advanceLogStart(offset);
    this.model.advance(offset);
  }

  private async retain(log: PartitionLog): Promise<void> {
    await log.deleteOldSegments(this.around.clock.nowMs, this.highWatermark);
    // Which segments go is retention's own test; here the rest has to stay intact.
    expect(log.logStartOffset).to.be.at.least(this.model.start);
    this.model.advance(log.logStartOffset);
    if (this.prng.int(2) === 0) this.around.scheduler.advance(60_000);
  }

  private async restart(log: PartitionLog): Promise<void> {
    const { recoveryPoint, logStartOffset } = log;
    await log.close();
    expect(log.recoveryPoint).to.equal(log.logEndOffset);
    this.around = this.freshSurroundings();
    await this.open(true, Math.max(recoveryPoint, log.recoveryPoint), logStartOffset);
  }

  /** The process dies after everything was written: nothing may be missing. The checkpoint may be of any earlier time. */
  private async crash(log: PartitionLog): Promise<void> {
    const { logStartOffset } = log;
    const recoveryPoint = this.prng.int(log.recoveryPoint + 1);
    this.fileSystem = this.fileSystem.kill();
    this.around = this.freshSurroundings();
    await this.open(false, recoveryPoint, logStartOffset);
  }

  private async compare(): Promise<void> {
    const log = this.log!;
    expect(this.around.failures).to.deep.equal([]);
    expect(log.logEndOffset).to.equal(this.model.end);
    expect(log.logStartOffset).to.equal(this.model.start);
    const { visible } = this.model;
    expect(await readAll(log, log.logStartOffset, 1 + this.prng.int(1500))).to.deep.equal(visible);
    if (visible.length === 0) return;
    const from = visible[this.prng.int(visible.length)]!.offset;
    const end = from + this.prng.int(this.model.end - from + 1);
    const maxBytes = this.prng.int(2000);
    const answer = await log.read(from, maxBytes, { maxOffsetExclusive: end, minOneBatch: false });
    expect(answer.length).to.be.at.most(maxBytes);
    const records = recordsOf(answer, from);
    expect(records).to.deep.equal(visible.filter(({ offset }) => offset >= from).slice(0, records.length));
    for (const { offset } of records) expect(offset).to.be.below(end);
  }
}

describe('PartitionLog, compared with an array', () => {
  it('keeps what was appended through rolls, cuts, retention, restarts and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 0x7fff_ffff }), async (seed) => {
        const run = new Run(seed);
        for (let step = 0; step < 40; step++) await run.step();
      }),
      { numRuns: 60 },
    );
  });
});
