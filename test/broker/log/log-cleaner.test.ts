import { expect } from 'chai';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createPrng } from '../../../shared/base/prng.ts';
import type { CleanerExecutor } from '../../../broker/log/cleaner-thread.ts';
import { defaultCleanerConfig } from '../../../broker/log/log-cleaner.ts';
import type { LogConfig } from '../../../broker/log/log-config.ts';
import { LogManager } from '../../../broker/log/log-manager.ts';
import type { LogManagerOptions } from '../../../broker/log/log-manager.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { cleanSegments } from '../../../broker/log/segment-cleaner.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import type { BatchOptions } from '../../../broker/records/build-batch.ts';
import { buildMarker } from '../../../broker/records/control-records.ts';
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { batchSizeOf, deleteHorizonMsOf, isControl, lastOffsetOf, recordCountOf } from '../../../broker/records/record-batch.ts';
import { validateBatch } from '../../../broker/records/validate-batch.ts';
import { NOW_MS, RecordingLogger, TestClock, TestScheduler, config, put } from './support.ts';

const TOPIC_ID = 'z1kEJjtzQFGK8QGLdNU5yA';
const COMPACT = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': 0.01 };
const DAY_MS = 86_400_000;

interface Rig {
  fileSystem: MemoryFileSystem;
  readonly clock: TestClock;
  readonly scheduler: TestScheduler;
  readonly logger: RecordingLogger;
}

/** Compacts on the disk in memory, in this thread. */
function executorOn(fileSystem: MemoryFileSystem): CleanerExecutor {
  return { clean: (job) => cleanSegments(job, fileSystem, () => Promise.resolve()), close: () => Promise.resolve() };
}

function rig(fileSystem = new MemoryFileSystem()): Rig {
  return { fileSystem, clock: new TestClock(), scheduler: new TestScheduler(), logger: new RecordingLogger() };
}

function open(on: Rig, defaults: LogConfig, more: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  const makeCleanerExecutor = (): CleanerExecutor => executorOn(on.fileSystem);
  return LogManager.open({ dirs: ['/d1'], brokerId: 1, clusterId: 'c', defaults, makeCleanerExecutor, ...on, ...more });
}

/** A batch of keyed records: `['k', 'v']`, a tombstone `['k', null]`, or one without a key `[null, 'v']`. */
function keyed(records: readonly (readonly [string | null, string | null])[], options: BatchOptions & { timestamp?: number } = {}): Buffer {
  const { timestamp = NOW_MS, ...rest } = options;
  return buildBatch({
    records: records.map(([key, value]) => ({
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      timestamp,
    })),
    ...rest,
  });
}

/** Closes the active segment, and lets it be compacted. */
async function seal(log: PartitionLog): Promise<void> {
  log.roll();
  await log.flush();
  log.onHighWatermark(log.logEndOffset);
}

/** Every record of the log as `offset key=value`, and the batches they came in. */
async function dump(log: PartitionLog): Promise<{ records: string[]; batches: Buffer[] }> {
  const records: string[] = [];
  const batches: Buffer[] = [];
  for (let next = log.logStartOffset; next < log.logEndOffset; ) {
    const bytes = await log.read(next, 1 << 20, { maxOffsetExclusive: log.logEndOffset, minOneBatch: true });
    if (bytes.length === 0) break;
    for (let at = 0; at < bytes.length; at += batchSizeOf(bytes, at)) {
      expect(validateBatch(bytes, at, { compacted: true })).to.include({ ok: true });
      batches.push(bytes.subarray(at, at + batchSizeOf(bytes, at)));
      if (!isControl(bytes, at)) {
        for (const { offset, key, value } of iterateRecords(bytes, at)) records.push(`${offset} ${key}=${value}`);
      }
      next = lastOffsetOf(bytes, at) + 1;
    }
  }
  return { records, batches };
}

const records = async (log: PartitionLog): Promise<string[]> => (await dump(log)).records;

describe('LogCleaner', () => {
  it('keeps the last record of each key where it was, and writes down how far it came', async () => {
    const on = rig();
    const manager = await open(on, config(COMPACT));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, keyed([['a', '1'], ['b', '1'], ['a', '2']]));
    await put(log, keyed([['c', '1']]));
    await seal(log);
    await put(log, keyed([['b', '2'], ['c', '2']]));
    await seal(log);
    await put(log, keyed([['a', 'still active']]));
    expect(await manager.cleaner.cleanNow()).to.equal(1);
    expect(await records(log)).to.deep.equal(['2 a=2', '4 b=2', '5 c=2', '6 a=still active']);
    expect(log.segmentCount, 'two small segments became one').to.equal(2);
    expect(on.fileSystem.peek('/d1/cleaner-offset-checkpoint')?.toString()).to.equal('0\n1\nt 0 6\n');
    expect(await manager.cleaner.cleanNow(), 'nothing is dirty').to.equal(0);
    await manager.close();
    const again = await open(on, config(COMPACT));
    const found = again.get('t', 0)!;
    expect(await records(found)).to.deep.equal(['2 a=2', '4 b=2', '5 c=2', '6 a=still active']);
    expect(again.cleaner.checkpointOf('t-0')).to.equal(6);
    await again.close();
  });

  it('leaves alone what is dirty only a little, active, above the high watermark, too young, or of a topic that deletes', async () => {
    const on = rig();
    const cases: readonly (readonly [string, Record<string, string | number>, (log: PartitionLog) => Promise<void>, number])[] = [
      ['dirty enough', COMPACT, seal, 1],
      ['a ratio that is not reached', { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': 1 }, seal, 0],
      ['too young', { ...COMPACT, 'min.compaction.lag.ms': 1000 }, seal, 0],
      ['not compacted', { 'cleanup.policy': 'delete' }, seal, 0],
      ['both policies', { ...COMPACT, 'cleanup.policy': 'compact,delete' }, seal, 1],
      ['active', COMPACT, async (log) => log.onHighWatermark(log.logEndOffset), 0],
      ['overdue', { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': 1, 'max.compaction.lag.ms': 5 }, seal, 1],
      [
        'not on all replicas yet',
        COMPACT,
        async (log) => {
          log.roll();
          await log.flush();
          log.onHighWatermark(1);
        },
        0,
      ],
    ];
    for (const [name, overrides, prepare, expected] of cases) {
      const manager = await open({ ...on, fileSystem: new MemoryFileSystem() }, config(overrides));
      const log = await manager.getOrCreate('t', 0, TOPIC_ID);
      await put(log, keyed([['a', '1'], ['a', '2']], { timestamp: NOW_MS - (name === 'overdue' ? 10 : 0) }));
      await prepare(log);
      expect(await manager.cleaner.cleanNow(), name).to.equal(expected);
      await manager.close();
    }
  });

  it('keeps tombstones for delete.retention.ms after it first met them', async () => {
    const on = rig();
    const manager = await open(on, config({ ...COMPACT, 'delete.retention.ms': DAY_MS }));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, keyed([['a', '1'], ['b', '1']]));
    await put(log, keyed([['a', null]]));
    await seal(log);
    await manager.cleaner.cleanNow();
    const first = await dump(log);
    expect(first.records).to.deep.equal(['1 b=1', '2 a=null']);
    expect(first.batches.map((batch) => deleteHorizonMsOf(batch, 0))).to.deep.equal([null, NOW_MS + DAY_MS]);
    on.clock.nowMs += DAY_MS - 1;
    await put(log, keyed([['c', '1']]));
    await seal(log);
    await manager.cleaner.cleanNow();
    expect(await records(log)).to.deep.equal(['1 b=1', '2 a=null', '3 c=1']);
    on.clock.nowMs += 1;
    await put(log, keyed([['c', '2']]));
    await seal(log);
    await manager.cleaner.cleanNow();
    expect(await records(log)).to.deep.equal(['1 b=1', '4 c=2']);
    await manager.close();
  });

  it('drops records without a key, and keeps codecs, headers and timestamps of the others', async () => {
    const on = rig();
    const manager = await open(on, config(COMPACT));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const value = Buffer.from(compression);
      const batch = buildBatch({
        compression,
        records: [
          { key: Buffer.from('x'), value, timestamp: NOW_MS - 7 },
          { key: value, value, timestamp: NOW_MS - 5, headers: [{ key: 'h', value: Buffer.from('1') }] },
        ],
      });
      await put(log, batch);
    }
    // Older brokers and other tools may have left such records: new ones are refused.
    log.config = config({ 'cleanup.policy': 'delete' });
    await put(log, keyed([[null, 'keyless']]));
    log.config = config(COMPACT);
    await seal(log);
    await manager.cleaner.cleanNow();
    const { batches } = await dump(log);
    const seen = batches.flatMap((batch) => [...iterateRecords(batch)].map((record) => ({ ...record, codec: batch[22]! & 7 })));
    expect(seen.map(({ codec, offset }) => [codec, offset])).to.deep.equal([[0, 1], [1, 3], [2, 5], [3, 7], [4, 8], [4, 9]]);
    expect(seen.filter(({ headers }) => headers.length === 1)).to.have.length(5);
    expect(new Set(seen.map(({ timestamp }) => timestamp))).to.deep.equal(new Set([NOW_MS - 7, NOW_MS - 5]));
    expect(on.logger.lines.some((line) => line.includes('1 records without a key dropped'))).to.equal(true);
    await manager.close();
  });

  it("leaves an empty batch where a producer's last sequence was, so that its retries are still known", async () => {
    const on = rig();
    const manager = await open(on, config(COMPACT));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    const producer = { producerId: 9, producerEpoch: 0 };
    await put(log, keyed([['a', '1']], { ...producer, baseSequence: 0 }));
    await put(log, keyed([['a', '2']], { ...producer, baseSequence: 1 }));
    await put(log, keyed([['a', '3']]));
    await seal(log);
    await manager.cleaner.cleanNow();
    const { records: left, batches } = await dump(log);
    expect(left).to.deep.equal(['2 a=3']);
    expect(batches.map((batch) => [lastOffsetOf(batch, 0), recordCountOf(batch, 0)])).to.deep.equal([[1, 0], [2, 1]]);
    await manager.abandon();
    on.fileSystem = on.fileSystem.crash(createPrng(1));
    for (const name of await on.fileSystem.list('/d1/t-0')) {
      if (name.name.endsWith('.snapshot')) await on.fileSystem.remove(`/d1/t-0/${name.name}`);
    }
    const again = await open(on, config(COMPACT));
    const retried = again.get('t', 0)!.append(keyed([['a', '2']], { ...producer, baseSequence: 1 }), {
      origin: 'client',
      leaderEpoch: 0,
      nowMs: NOW_MS,
    });
    expect(retried).to.include({ ok: true, duplicate: true, baseOffset: 1 });
    await again.close();
  });

  it('drops the records of aborted transactions, and markers when nothing is left of what they ended', async () => {
    const on = rig();
    const manager = await open(on, config({ ...COMPACT, 'delete.retention.ms': 100 }));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    const of = (producerId: number): BatchOptions => ({ producerId, producerEpoch: 0, baseSequence: 0, transactional: true });
    const end = (producerId: number, type: 'commit' | 'abort'): Promise<number> =>
      put(log, buildMarker({ type, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: NOW_MS }), { origin: 'coordinator' });
    await put(log, keyed([['a', 'committed']], of(1)));
    await put(log, keyed([['a', 'aborted'], ['b', 'aborted']], of(2)));
    await end(2, 'abort');
    await end(1, 'commit');
    await put(log, keyed([['open', 'undecided']], of(3)));
    await seal(log);
    await manager.cleaner.cleanNow();
    expect(await records(log), 'what is undecided holds its segment back').to.have.length(4);
    await end(3, 'commit');
    await seal(log);
    log.removeExpiredProducers(NOW_MS + 2 * DAY_MS);
    await manager.cleaner.cleanNow();
    const first = await dump(log);
    expect(first.records).to.deep.equal(['0 a=committed', '5 open=undecided']);
    expect(first.batches.filter((batch) => isControl(batch, 0))).to.have.length(3);
    // The abort marker is idle now: it gets a horizon, and goes when that has come.
    for (let round = 0; round < 2; round++) {
      on.clock.nowMs += 101;
      await put(log, keyed([['z', String(round)]]));
      await seal(log);
      await manager.cleaner.cleanNow();
    }
    const last = await dump(log);
    expect(last.records).to.deep.equal(['0 a=committed', '5 open=undecided', '8 z=1']);
    expect(last.batches.filter((batch) => isControl(batch, 0))).to.have.length(2);
    await manager.close();
  });

  it('goes on where the room for keys ended', async () => {
    const on = rig();
    const cleaner = { ...defaultCleanerConfig, dedupeBufferBytes: 24 * 8, dedupeLoadFactor: 0.9 };
    const manager = await open(on, config(COMPACT), { cleaner });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    for (let n = 0; n < 40; n++) {
      await put(log, keyed([[`k${n % 20}`, String(n)]]));
      if (n % 10 === 9) await seal(log);
    }
    expect(await manager.cleaner.cleanNow()).to.be.greaterThan(3);
    const left = await records(log);
    expect(left).to.deep.equal(Array.from({ length: 20 }, (_, n) => `${n + 20} k${n}=${n + 20}`));
    await manager.close();
  });

  it('looks by itself, and again after log.cleaner.backoff.ms', async () => {
    const on = rig();
    const manager = await open(on, config(COMPACT));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, keyed([['a', '1'], ['a', '2']]));
    await seal(log);
    on.scheduler.advance(defaultCleanerConfig.backoffMs);
    for (let turn = 0; turn < 200 && (await records(log)).length > 1; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(await records(log)).to.deep.equal(['1 a=2']);
    await manager.close();
  });

  it('leaves a damaged log alone and says so, and cleans the others', async () => {
    const on = rig();
    const manager = await open(on, config(COMPACT));
    for (const partition of [0, 1]) {
      const log = await manager.getOrCreate('t', partition, TOPIC_ID);
      await put(log, keyed([['a', '1'], ['a', '2']]));
      await seal(log);
    }
    const file = '/d1/t-0/00000000000000000000.log';
    const handle = await on.fileSystem.open(file);
    await handle.writev([Buffer.from('XX')], 70);
    await handle.close();
    expect(await manager.cleaner.cleanNow()).to.equal(2);
    expect(on.logger.lines.filter((line) => line.includes('Marking its partition (t-0) as uncleanable'))).to.have.length(1);
    expect(await records(manager.get('t', 1)!)).to.deep.equal(['1 a=2']);
    expect(manager.get('t', 0)!.segmentCount).to.equal(2);
    await manager.close();
  });

  it('drops its work when the log was cut or deleted meanwhile', async () => {
    const on = rig();
    const hold: { before: () => Promise<void> } = { before: () => Promise.resolve() };
    const manager = await open(on, config(COMPACT), {
      makeCleanerExecutor: () => ({
        clean: async (job) => {
          const result = await cleanSegments(job, on.fileSystem, () => Promise.resolve());
          await hold.before();
          return result;
        },
        close: () => Promise.resolve(),
      }),
    });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, keyed([['a', '1'], ['a', '2']]));
    await put(log, keyed([['a', '3']]));
    await seal(log);
    hold.before = () => log.truncateTo(2);
    await manager.cleaner.cleanNow();
    expect(await records(log)).to.deep.equal(['0 a=1', '1 a=2']);
    expect(manager.cleaner.checkpointOf('t-0')).to.equal(null);
    await put(log, keyed([['a', '4']]));
    await seal(log);
    hold.before = () => manager.delete('t', 0);
    await manager.cleaner.cleanNow();
    expect(manager.get('t', 0)).to.equal(undefined);
    await manager.close();
  });

  it('gives readers whole answers while segments are exchanged under them', async () => {
    const on = rig(new MemoryFileSystem({ delay: () => new Promise((resolve) => setImmediate(resolve)) }));
    const manager = await open(on, config(COMPACT), { tailLimits: { totalBytesMax: 0, logBytesMax: 0 } });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    const newest = new Map<string, string>();
    for (let n = 0; n < 60; n++) {
      await put(log, keyed([[`k${n % 7}`, String(n)]]));
      newest.set(`k${n % 7}`, String(n));
      if (n % 6 === 5) await seal(log);
    }
    let done = false;
    const reader = (async () => {
      let rounds = 0;
      while (!done || rounds < 2) {
        const values = new Map((await records(log)).map((line) => line.split(' ')[1]!.split('=') as [string, string]));
        expect(values).to.deep.equal(newest);
        rounds++;
      }
      return rounds;
    })();
    await manager.cleaner.cleanNow();
    done = true;
    expect(await reader).to.be.greaterThan(1);
    expect(await records(log)).to.have.length(newest.size);
    await manager.close();
  });

  it('loses the last value of no key, wherever a crash interrupts it', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const prng = createPrng(seed);
      let operationsLeft = Number.POSITIVE_INFINITY;
      let fileSystem = new MemoryFileSystem({ fault: () => (operationsLeft-- <= 0 ? 'EIO' : null) });
      const on = rig(fileSystem);
      const settings = config({ ...COMPACT, 'segment.bytes': 400, 'delete.retention.ms': 0, 'min.cleanable.dirty.ratio': 0 });
      const cleaner = { ...defaultCleanerConfig, dedupeBufferBytes: 24 * (6 + (seed % 40)) };
      const model = new Map<string, string | null>();
      let manager = await open(on, settings, { cleaner });
      for (let life = 0; life < 3; life++) {
        const log = await manager.getOrCreate('t', 0, TOPIC_ID);
        for (let n = 0; n < 30; n++) {
          const key = `k${Math.floor(prng.next() * 8)}`;
          const value = prng.next() < 0.2 ? null : `${life}.${n}`;
          await put(log, keyed([[key, value]]));
          model.set(key, value);
        }
        await seal(log);
        operationsLeft = Math.floor(prng.next() * 80);
        await manager.cleaner.cleanNow();
        operationsLeft = Number.POSITIVE_INFINITY;
        await manager.abandon();
        fileSystem = on.fileSystem = fileSystem.crash(prng);
        manager = await open(on, settings, { cleaner });
        const seen = new Map<string, string>();
        for (const line of await records(manager.get('t', 0)!)) {
          const [, key, value] = / (\w+)=(.*)$/.exec(line)!;
          seen.set(key!, value!);
        }
        for (const [key, value] of model) {
          if (value !== null) expect(seen.get(key), `seed ${seed}, life ${life}, ${key}`).to.equal(value);
          else expect(seen.get(key) ?? 'null', `seed ${seed}, life ${life}, ${key} was deleted`).to.equal('null');
        }
        const left = (await fileSystem.list('/d1/t-0')).filter(({ name }) => /\.(cleaned|swap|deleted)$/.test(name));
        expect(left).to.deep.equal([]);
      }
      await manager.close();
    }
  }).timeout(60_000);

  it('runs in a thread of its own on a real disk', async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'vivarium-cleaner-'));
    try {
      const manager = await LogManager.open({ dirs: [directory], brokerId: 1, clusterId: 'c', defaults: config(COMPACT) });
      const log = await manager.getOrCreate('t', 0, TOPIC_ID);
      await put(log, keyed(Array.from({ length: 500 }, (_, n) => [`k${n % 10}`, String(n)] as const)));
      await seal(log);
      expect(await manager.cleaner.cleanNow()).to.equal(1);
      expect(await records(log)).to.deep.equal(Array.from({ length: 10 }, (_, n) => `${490 + n} k${n}=${490 + n}`));
      await manager.close();
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  }).timeout(30_000);
});
