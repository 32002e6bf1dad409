import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import { LogReadError, StorageError } from '../../../broker/log/storage-error.ts';
import { buildMarker } from '../../../broker/records/control-records.ts';
import {
  Codec,
  baseOffsetOf,
  batchSizeOf,
  codecOf,
  computeCrc,
  crcOf,
  isLogAppendTime,
  lastOffsetOf,
  maxTimestampOf,
  partitionLeaderEpochOf,
  sealCrc,
} from '../../../broker/records/record-batch.ts';
import { CLIENT, NOW_MS, batchOf, config, openLog, put, readAll, recordsOf, surroundings } from './support.ts';

const ALL = { maxOffsetExclusive: Number.MAX_SAFE_INTEGER, minOneBatch: true };
const idempotent = (baseSequence: number): { producerId: number; producerEpoch: number; baseSequence: number } => ({
  producerId: 9,
  producerEpoch: 0,
  baseSequence,
});

describe('PartitionLog', () => {
  describe('append', () => {
    it('gives offsets and the leader epoch to a copy, and leaves the bytes it was given alone', async () => {
      const log = await openLog(surroundings());
      await put(log, batchOf(['a', 'b']), { leaderEpoch: 3 });
      const batch = batchOf(['c']);
      const before = Buffer.from(batch);
      const result = log.append(batch, { ...CLIENT, leaderEpoch: 4 });
      expect(result).to.include({ ok: true, baseOffset: 2, lastOffset: 2, logAppendTimeMs: -1, duplicate: false });
      expect(batch).to.deep.equal(before);
      expect(log.nextOffset).to.equal(3);
      expect(log.logEndOffset, 'nobody reads what is not written').to.equal(2);
      expect((await log.read(0, 1000, ALL)).length).to.equal(batchOf(['a', 'b']).length);
      if (result.ok) await result.written;
      expect(log.logEndOffset).to.equal(3);
      const stored = await log.read(2, 1000, ALL);
      expect(baseOffsetOf(stored, 0)).to.equal(2);
      expect(partitionLeaderEpochOf(stored, 0)).to.equal(4);
      expect(stored.subarray(16)).to.deep.equal(batch.subarray(16));
      expect(log.leaderEpochs.entries).to.deep.equal([
        { leaderEpoch: 3, startOffset: 0 },
        { leaderEpoch: 4, startOffset: 2 },
      ]);
    });

    it('writes all appends of a turn in one write', async () => {
      const writes: string[] = [];
      const fileSystem = new MemoryFileSystem({
        fault: (operation, filePath) => {
          if (operation === 'write' && filePath.endsWith('.log')) writes.push(filePath);
          return null;
        },
      });
      const log = await openLog(surroundings(fileSystem));
      writes.length = 0;
      const appends = ['a', 'b', 'c', 'd'].map((value) => log.append(batchOf([value]), CLIENT));
      const promises = new Set(appends.map((append) => (append.ok ? append.written : null)));
      expect(promises.size).to.equal(1);
      await [...promises][0];
      expect(writes).to.deep.equal(['/logs/t-0/00000000000000000000.log']);
      expect(log.logEndOffset).to.equal(4);
    });

    it("stores batches in the topic's own codec, and refuses those that it cannot read", async () => {
      const log = await openLog(surroundings(), { config: config({ 'compression.type': 'zstd' }) });
      await put(log, batchOf(['a', 'b'], { compression: 'gzip' }));
      await put(log, batchOf(['c']));
      const stored = await log.read(0, 1000, ALL);
      for (let at = 0; at < stored.length; at += batchSizeOf(stored, at)) expect(codecOf(stored, at)).to.equal(Codec.zstd);
      expect((await readAll(log)).map(({ value }) => value)).to.deep.equal(['a', 'b', 'c']);
      const broken = batchOf(['d'], { compression: 'gzip' });
      broken.fill(0xff, 70);
      sealCrc(broken, 0);
      expect(log.append(broken, CLIENT)).to.include({ ok: false, errorCode: ErrorCode.CORRUPT_MESSAGE });
      expect(log.nextOffset).to.equal(3);
    });

    it('stamps records with their append time where the topic says so', async () => {
      const log = await openLog(surroundings(), { config: config({ 'message.timestamp.type': 'LogAppendTime' }) });
      const result = log.append(batchOf(['a'], { timestamp: 5 }), CLIENT);
      expect(result).to.include({ ok: true, logAppendTimeMs: NOW_MS });
      if (result.ok) await result.written;
      const stored = await log.read(0, 1000, ALL);
      expect(isLogAppendTime(stored, 0)).to.equal(true);
      expect(maxTimestampOf(stored, 0)).to.equal(NOW_MS);
      expect(crcOf(stored, 0)).to.equal(computeCrc(stored, 0));
      expect(await log.offsetForTimestamp(NOW_MS)).to.deep.equal({ offset: 0, timestamp: NOW_MS, leaderEpoch: 0 });
    });

    it('answers a batch that comes again with its first offsets, when it is written', async () => {
      const log = await openLog(surroundings());
      const first = log.append(batchOf(['a', 'b'], idempotent(0)), CLIENT);
      const again = log.append(batchOf(['a', 'b'], idempotent(0)), CLIENT);
      expect(again).to.include({ ok: true, duplicate: true, baseOffset: 0, lastOffset: 1 });
      expect(again.ok && first.ok && again.written === first.written).to.equal(true);
      if (first.ok) await first.written;
      const late = log.append(batchOf(['a', 'b'], idempotent(0)), CLIENT);
      expect(late).to.include({ duplicate: true, baseOffset: 0 });
      if (late.ok) await late.written;
      expect(await readAll(log)).to.have.length(2);
      expect(log.append(batchOf(['c'], idempotent(3)), CLIENT)).to.include({
        errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
      });
      expect(log.append(batchOf(['c'], idempotent(2)), CLIENT)).to.include({ ok: true, baseOffset: 2 });
    });

    it('refuses two batches at once and a batch larger than a segment', async () => {
      const log = await openLog(surroundings(), { config: config({ 'segment.bytes': 100 }) });
      const two = Buffer.concat([batchOf(['a']), batchOf(['b'])]);
      expect(log.append(two, CLIENT)).to.include({ ok: false, errorCode: ErrorCode.INVALID_RECORD });
      expect(log.append(batchOf(['x'.repeat(60)]), CLIENT)).to.include({
        ok: false,
        errorCode: ErrorCode.RECORD_LIST_TOO_LARGE,
      });
      expect(log.nextOffset).to.equal(0);
    });

    it("takes a leader's batches with their offsets, gaps and epochs, without a batch that is cut off", async () => {
      const log = await openLog(surroundings());
      const batches = [
        batchOf(['a', 'b'], { baseOffset: 10, partitionLeaderEpoch: 2 }),
        batchOf(['c'], { baseOffset: 15, lastOffset: 17, partitionLeaderEpoch: 5 }),
      ];
      const cutOff = batchOf(['d'], { baseOffset: 18 }).subarray(0, 50);
      const result = log.append(Buffer.concat([...batches, cutOff]), { ...CLIENT, origin: 'replication' });
      expect(result).to.include({ ok: true, baseOffset: 10, lastOffset: 17 });
      if (result.ok) await result.written;
      expect(log.logEndOffset).to.equal(18);
      expect(recordsOf(await log.read(10, 1000, ALL))).to.deep.equal([
        { offset: 10, value: 'a' },
        { offset: 11, value: 'b' },
        { offset: 15, value: 'c' },
      ]);
      expect(log.leaderEpochs.entries).to.deep.equal([
        { leaderEpoch: 2, startOffset: 10 },
        { leaderEpoch: 5, startOffset: 15 },
      ]);
      const old = log.append(batches[1]!, { ...CLIENT, origin: 'replication' });
      expect(old).to.include({ ok: false, errorCode: ErrorCode.UNKNOWN_SERVER_ERROR });
    });

    it('follows transactions by their batches and markers', async () => {
      const log = await openLog(surroundings());
      await put(log, batchOf(['a']));
      await put(log, batchOf(['b'], { ...idempotent(0), transactional: true }));
      expect(log.firstUnstableOffset).to.equal(1);
      const marker = buildMarker({
        type: 'commit',
        coordinatorEpoch: 1,
        producerId: 9,
        producerEpoch: 0,
        timestamp: NOW_MS,
      });
      const result = log.append(marker, { ...CLIENT, origin: 'coordinator' });
      expect(result).to.include({ ok: true, baseOffset: 2 });
      if (result.ok) await result.written;
      log.onHighWatermark(3);
      expect(log.firstUnstableOffset).to.equal(null);
      const stale = buildMarker({ type: 'abort', coordinatorEpoch: 0, producerId: 9, producerEpoch: 0, timestamp: NOW_MS });
      expect(log.append(stale, { ...CLIENT, origin: 'coordinator' })).to.include({
        errorCode: ErrorCode.TRANSACTION_COORDINATOR_FENCED,
      });
    });
  });

  describe('rolling', () => {
    const names = async (fileSystem: MemoryFileSystem): Promise<string[]> =>
      (await fileSystem.list('/logs/t-0'))
        .map((entry) => entry.name)
        .filter((name) => /^\d/.test(name))
        .sort();

    it('begins a segment with its files and a producer snapshot, and forces the old one to the disk', async () => {
      const fileSystem = new MemoryFileSystem();
      const log = await openLog(surroundings(fileSystem), { config: config({ 'segment.bytes': 200 }) });
      await put(log, batchOf(['x'.repeat(60)], idempotent(0)));
      await put(log, batchOf(['x'.repeat(60)], idempotent(1)));
      await log.flush();
      expect(await names(fileSystem)).to.deep.equal([
        '00000000000000000000.index',
        '00000000000000000000.log',
        '00000000000000000000.timeindex',
        '00000000000000000001.index',
        '00000000000000000001.log',
        '00000000000000000001.snapshot',
        '00000000000000000001.timeindex',
      ]);
      expect(log.recoveryPoint).to.equal(2);
      expect(fileSystem.peek('/logs/t-0/00000000000000000000.timeindex')?.length).to.equal(12);
    });

    it('forces a full segment to the disk without being asked', async () => {
      const log = await openLog(surroundings(), { config: config({ 'segment.bytes': 200 }) });
      await put(log, batchOf(['x'.repeat(60)]));
      expect(log.recoveryPoint).to.equal(0);
      await put(log, batchOf(['x'.repeat(60)]));
      await log.deleteOldSegments(NOW_MS, 0); // waits for the log's chain of work
      expect(log.recoveryPoint).to.equal(1);
    });

    it('rolls when the first record is segment.ms older than the next, and by the clock when records have no time', async () => {
      const around = surroundings();
      const log = await openLog(around, { config: config({ 'segment.ms': 1000 }) });
      await put(log, batchOf(['a'], { timestamp: NOW_MS }));
      await put(log, batchOf(['b'], { timestamp: NOW_MS + 1000 }));
      expect(log.segmentCount).to.equal(1);
      await put(log, batchOf(['c'], { timestamp: NOW_MS + 1001 }));
      expect(log.segmentStarts().map((segment) => segment.baseOffset)).to.deep.equal([0, 2]);
      const timeless = await openLog(around, { directory: '/logs/t-1', config: config({ 'segment.ms': 1000 }) });
      await put(timeless, batchOf(['a'], { timestamp: -1 }));
      await put(timeless, batchOf(['b'], { timestamp: -1 }), { nowMs: NOW_MS + 1001 });
      expect(timeless.segmentCount).to.equal(2);
    });

    it('rolls when an index is full', async () => {
      const log = await openLog(surroundings(), {
        config: config({ 'segment.index.bytes': 40, 'index.interval.bytes': 0 }),
      });
      for (let n = 0; n < 12; n++) await put(log, batchOf([`v${n}`], { timestamp: NOW_MS + n }));
      // 40 bytes hold three time entries, and one place stays free for the last: two entries, the third batch is the last
      // one in.
      expect(log.segmentStarts().map((segment) => segment.baseOffset)).to.deep.equal([0, 3, 6, 9]);
    });

    it('rolls when an offset would not fit into the index', async () => {
      const log = await openLog(surroundings());
      const at = (baseOffset: number): Buffer => batchOf(['a'], { baseOffset, partitionLeaderEpoch: 0 });
      await put(log, at(0), { origin: 'replication' });
      await put(log, at(0x7fff_ffff), { origin: 'replication' });
      expect(log.segmentCount).to.equal(1);
      await put(log, at(0x8000_0000), { origin: 'replication' });
      expect(log.segmentStarts().map((segment) => segment.baseOffset)).to.deep.equal([0, 0x8000_0000]);
    });
  });

  describe('read', () => {
    it('returns whole batches within maxBytes, from the one that contains the offset', async () => {
      const log = await openLog(surroundings());
      for (const values of [['a', 'b', 'c'], ['d', 'e'], ['f']]) await put(log, batchOf(values));
      const sizes = [['a', 'b', 'c'], ['d', 'e'], ['f']].map((values) => batchOf(values).length);
      const answer = await log.read(4, sizes[1]! + sizes[2]! - 1, ALL);
      expect(baseOffsetOf(answer, 0)).to.equal(3);
      expect(answer.length).to.equal(sizes[1]);
      expect((await log.read(1, 1, { ...ALL, minOneBatch: false })).length).to.equal(0);
      expect((await log.read(1, 1, ALL)).length).to.equal(sizes[0]);
      expect((await log.read(0, 10_000, { maxOffsetExclusive: 4, minOneBatch: true })).length).to.equal(sizes[0]);
      expect((await log.read(6, 10_000, ALL)).length).to.equal(0);
    });

    it('refuses offsets outside the log', async () => {
      const log = await openLog(surroundings());
      await put(log, batchOf(['a', 'b']));
      log.advanceLogStart(1);
      for (const offset of [0, 3]) {
        expect(() => log.read(offset, 100, ALL))
          .to.throw(LogReadError)
          .with.property('errorCode', ErrorCode.OFFSET_OUT_OF_RANGE);
      }
    });

    it('reads a batch larger than any page or chunk, from memory and from the file', async () => {
      const tail = { totalBytesMax: 1 << 20, logBytesMax: 1 << 20 };
      const around = surroundings(new MemoryFileSystem(), { tail });
      const log = await openLog(around, { config: config({ 'max.message.bytes': 8 << 20 }) });
      const large = batchOf(['x'.repeat(3 << 20)]);
      await put(log, batchOf(['small']));
      await put(log, large);
      await put(log, batchOf(['small']));
      expect((await log.read(1, 100, ALL)).length).to.equal(large.length);
      expect((await log.read(0, 10 << 20, ALL)).length).to.equal(batchOf(['small']).length);
      expect((await readAll(log, 0, 10 << 20)).map((record) => record.value.length)).to.deep.equal([5, 3 << 20, 5]);
    });

    it('never changes what it handed out, though pages are used again', async () => {
      const around = surroundings(new MemoryFileSystem(), { tail: { totalBytesMax: 600 << 10, logBytesMax: 600 << 10 } });
      const log = await openLog(around);
      const handedOut: { offset: number; batches: Buffer }[] = [];
      for (let n = 0; n < 300; n++) {
        await put(log, batchOf([`${n} `.repeat(4000)]));
        // Few enough readers that some pages are seen by nobody.
        if (n % 60 === 0) handedOut.push({ offset: n, batches: await log.read(n, 1 << 20, ALL) });
      }
      for (const { offset, batches } of handedOut) {
        expect(recordsOf(batches)).to.deep.equal([{ offset, value: `${offset} `.repeat(4000) }]);
        expect(crcOf(batches, 0)).to.equal(computeCrc(batches, 0));
      }
      expect((await readAll(log, 0, 1 << 20)).map((record) => parseInt(record.value, 10))).to.deep.equal(
        Array.from({ length: 300 }, (_, n) => n),
      );
    });

    it('fails for a reader whose segment is deleted meanwhile, and only then', async () => {
      const fileSystem = new MemoryFileSystem({ delay: () => new Promise((resolve) => setImmediate(resolve)) });
      const around = surroundings(fileSystem, { tail: { totalBytesMax: 0, logBytesMax: 0 }, openFilesMax: 0 });
      const log = await openLog(around, { config: config({ 'segment.bytes': 150, 'retention.bytes': 100 }) });
      for (const value of ['a', 'b', 'c']) await put(log, batchOf([value.repeat(60)]));
      const reading = Promise.resolve(log.read(0, 1000, ALL)).then(recordsOf, (error: unknown) => error);
      await log.deleteOldSegments(NOW_MS, 3);
      const outcome = await reading;
      if (outcome instanceof Error) expect(outcome).to.be.instanceOf(LogReadError);
      else expect(outcome).to.have.length(1);
      expect(around.failures).to.deep.equal([]);
      expect(log.logStartOffset).to.equal(2);
    });
  });

  describe('timestamps', () => {
    it('finds the first record that is not older, inside compressed batches too', async () => {
      const log = await openLog(surroundings(), { config: config({ 'segment.bytes': 400, 'index.interval.bytes': 50 }) });
      const { buildBatch } = await import('../../../broker/records/build-batch.ts');
      const times: number[] = [];
      for (let n = 0; n < 30; n++) {
        // Times wander: a batch may be older than the one before.
        const records = [0, 1, 2].map((i) => ({
          key: null,
          value: Buffer.from(`v${n}.${i}`),
          timestamp: NOW_MS + n * 10 + i * 7 - (n % 4) * 15,
        }));
        times.push(...records.map((record) => record.timestamp));
        await put(log, buildBatch({ records, compression: n % 2 === 0 ? 'gzip' : 'none' }));
      }
      for (let sought = NOW_MS - 60; sought < NOW_MS + 330; sought += 3) {
        const expected = times.findIndex((time) => time >= sought);
        const found = await log.offsetForTimestamp(sought);
        expect(found?.offset ?? -1, `at ${sought - NOW_MS}`).to.equal(expected);
        if (found !== null) expect(found.timestamp).to.equal(times[expected]);
      }
      const newest = Math.max(...times);
      expect(await log.offsetOfMaxTimestamp()).to.deep.equal({
        offset: times.indexOf(newest),
        timestamp: newest,
        leaderEpoch: 0,
      });
      log.advanceLogStart(10);
      expect((await log.offsetForTimestamp(0))?.offset).to.equal(10);
    });

    it('knows no newest record in an empty log', async () => {
      const log = await openLog(surroundings());
      expect(await log.offsetOfMaxTimestamp()).to.equal(null);
      expect(await log.offsetForTimestamp(0)).to.equal(null);
    });
  });

  describe('retention', () => {
    it('renames the files of old segments and removes them after file.delete.delay.ms', async () => {
      const fileSystem = new MemoryFileSystem();
      const around = surroundings(fileSystem);
      const log = await openLog(around, {
        config: config({ 'segment.bytes': 150, 'retention.ms': 1000, 'file.delete.delay.ms': 500 }),
      });
      for (let n = 0; n < 4; n++) await put(log, batchOf(['x'.repeat(60)], { timestamp: NOW_MS + n * 1000 }));
      expect(await log.deleteOldSegments(NOW_MS + 2500, 4)).to.equal(2);
      expect(log.logStartOffset).to.equal(2);
      const names = async (): Promise<string[]> => (await fileSystem.list('/logs/t-0')).map((entry) => entry.name);
      expect((await names()).filter((name) => name.endsWith('.deleted'))).to.have.members([
        '00000000000000000000.log.deleted',
        '00000000000000000000.index.deleted',
        '00000000000000000000.timeindex.deleted',
        '00000000000000000001.log.deleted',
        '00000000000000000001.index.deleted',
        '00000000000000000001.timeindex.deleted',
        '00000000000000000001.snapshot.deleted',
      ]);
      around.scheduler.advance(500);
      await log.flush();
      expect((await names()).filter((name) => name.includes('.deleted'))).to.deep.equal([]);
      expect((await readAll(log)).map((record) => record.offset)).to.deep.equal([2, 3]);
    });

    it('rolls and deletes the active segment when that is old too', async () => {
      const log = await openLog(surroundings(), { config: config({ 'retention.ms': 1000 }) });
      await put(log, batchOf(['a', 'b']));
      expect(await log.deleteOldSegments(NOW_MS + 2000, 2)).to.equal(1);
      expect([log.logStartOffset, log.logEndOffset, log.segmentCount, log.size]).to.deep.equal([2, 2, 1, 0]);
      expect(await put(log, batchOf(['c']))).to.equal(2);
    });
  });

  describe('a failing disk', () => {
    it('acknowledges nothing that was not written, and takes nothing afterwards', async () => {
      for (const code of ['ENOSPC', 'EROFS', 'EIO']) {
        const fileSystem = new MemoryFileSystem();
        const around = surroundings(fileSystem);
        const log = await openLog(around);
        await put(log, batchOf(['kept']));
        fileSystem.setFault((operation, filePath) => (operation === 'write' && filePath.endsWith('.log') ? code : null));
        const result = log.append(batchOf(['lost']), CLIENT);
        const error = await (result.ok ? result.written : Promise.resolve()).then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error, code).to.be.instanceOf(StorageError);
        expect(log.logEndOffset).to.equal(1);
        expect(log.isOnline).to.equal(false);
        expect(around.failures).to.have.length(1);
        expect(log.append(batchOf(['late']), CLIENT)).to.include({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
        expect(() => log.read(0, 100, ALL)).to.throw(StorageError);
        await log.close();
        fileSystem.setFault(() => null);
        const again = await openLog(surroundings(fileSystem));
        expect(await readAll(again)).to.deep.equal([{ offset: 0, value: 'kept' }]);
      }
    });

    it('cuts off what a full disk took of a batch', async () => {
      const fileSystem = new MemoryFileSystem();
      const log = await openLog(surroundings(fileSystem));
      await put(log, batchOf(['kept']));
      fileSystem.setCapacity(fileSystem.used + 40);
      const result = log.append(batchOf(['half of it fits']), CLIENT);
      await (result.ok ? result.written : Promise.resolve()).then(
        () => expect.fail('acknowledged'),
        () => undefined,
      );
      await log.close();
      fileSystem.setCapacity(Number.POSITIVE_INFINITY);
      const around = surroundings(fileSystem);
      const again = await openLog(around);
      expect(await readAll(again)).to.deep.equal([{ offset: 0, value: 'kept' }]);
      expect(around.logger.lines.some((line) => line.startsWith('WARN Found invalid messages in log segment'))).to.equal(
        true,
      );
    });

    it('fails a reader with a storage error when the file cannot be read', async () => {
      const fileSystem = new MemoryFileSystem();
      const around = surroundings(fileSystem, { tail: { totalBytesMax: 0, logBytesMax: 0 } });
      const log = await openLog(around);
      await put(log, batchOf(['a']));
      fileSystem.setFault((operation) => (operation === 'read' ? 'EIO' : null));
      const error = await Promise.resolve(log.read(0, 100, ALL)).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(StorageError);
      expect(around.failures).to.have.length(1);
    });
  });

  it('cuts within a batch by dropping all of it', async () => {
    const log = await openLog(surroundings());
    await put(log, batchOf(['a', 'b']), { leaderEpoch: 1 });
    await put(log, batchOf(['c', 'd', 'e']), { leaderEpoch: 2 });
    await log.truncateTo(4);
    expect(log.logEndOffset).to.equal(2);
    expect(log.leaderEpochs.latest).to.equal(1);
    expect(await put(log, batchOf(['f']))).to.equal(2);
    expect((await readAll(log)).map((record) => record.value)).to.deep.equal(['a', 'b', 'f']);
  });

  it('begins anew at an offset ahead of its end', async () => {
    const fileSystem = new MemoryFileSystem();
    const log = await openLog(surroundings(fileSystem));
    await put(log, batchOf(['a', 'b'], idempotent(0)));
    await log.restartAt(100);
    expect([log.logStartOffset, log.logEndOffset, log.producerCount, log.size]).to.deep.equal([100, 100, 0, 0]);
    expect(await put(log, batchOf(['c']))).to.equal(100);
    await log.close();
    const again = await openLog(surroundings(fileSystem), {
      recovery: { cleanShutdown: true, recoveryPoint: 101, logStartOffset: 0 },
    });
    expect([again.logStartOffset, again.logEndOffset]).to.deep.equal([100, 101]);
    expect(last(await readAll(again))).to.deep.equal({ offset: 100, value: 'c' });
    expect(lastOffsetOf(await again.read(100, 100, ALL), 0)).to.equal(100);
  });

  it('keeps its topic id', async () => {
    const fileSystem = new MemoryFileSystem();
    const log = await openLog(surroundings(fileSystem), { topicId: null });
    expect(log.hasTopicId).to.equal(false);
    await log.assignTopicId('z1kEJjtzQFGK8QGLdNU5yA');
    expect(fileSystem.peek('/logs/t-0/partition.metadata')?.toString()).to.equal(
      'version: 0\ntopic_id: z1kEJjtzQFGK8QGLdNU5yA',
    );
    await log.close();
    expect((await openLog(surroundings(fileSystem), { topicId: null })).topicId).to.equal('z1kEJjtzQFGK8QGLdNU5yA');
  });
});

function last<T>(items: readonly T[]): T | undefined {
  return items.at(-1);
}
