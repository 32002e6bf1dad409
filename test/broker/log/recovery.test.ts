import { expect } from 'chai';
import fc from 'fast-check';
import { createPrng } from '../../../shared/base/prng.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { CLIENT, batchOf, config, openLog, put, readAll, surroundings } from './support.ts';
import type { SeenRecord, TestSurroundings } from './support.ts';

const LOG = '/logs/t-0/00000000000000000000.log';
const CLEAN = { cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 };

async function filesOf(fileSystem: MemoryFileSystem): Promise<string[]> {
  return (await fileSystem.list('/logs/t-0')).map((entry) => entry.name).sort();
}

async function replace(fileSystem: MemoryFileSystem, file: string, content: Buffer): Promise<void> {
  await fileSystem.remove(file);
  await fileSystem.writeFile(file, content, { sync: true });
}

describe('recovery', () => {
  it('cuts a torn tail, wherever in the last batch it is torn', async () => {
    let fileSystem = new MemoryFileSystem();
    const log = await openLog(surroundings(fileSystem));
    await put(log, batchOf(['a', 'b'], { producerId: 9, producerEpoch: 0, baseSequence: 0 }), { leaderEpoch: 1 });
    await put(log, batchOf(['c'], { producerId: 9, producerEpoch: 0, baseSequence: 2 }), { leaderEpoch: 2 });
    await log.flush();
    fileSystem = fileSystem.kill();
    const whole = fileSystem.peek(LOG)!;
    const lastBatch = whole.length - batchOf(['c']).length;
    for (let size = lastBatch; size < whole.length; size++) {
      // The file may end there, or go on with zeros that stand for blocks that never reached the disk.
      for (const torn of [
        whole.subarray(0, size),
        Buffer.concat([whole.subarray(0, size), Buffer.alloc(whole.length - size)]),
      ]) {
        if (torn.equals(whole)) continue; // the last byte is a zero
        await replace(fileSystem, LOG, torn);
        const around = surroundings(fileSystem);
        const again = await openLog(around);
        expect(await readAll(again), `torn at ${size}`).to.deep.equal([
          { offset: 0, value: 'a' },
          { offset: 1, value: 'b' },
        ]);
        expect(again.logEndOffset).to.equal(2);
        expect(again.leaderEpochs.latest).to.equal(1);
        expect(fileSystem.peek(LOG)!.length).to.equal(lastBatch);
        const next = again.append(batchOf(['c'], { producerId: 9, producerEpoch: 0, baseSequence: 2 }), CLIENT);
        expect(next).to.include({ ok: true, duplicate: false, baseOffset: 2 });
        fileSystem = fileSystem.kill();
        await again.letGo();
      }
    }
  });

  it('cuts at a batch with a flipped bit and drops the segments behind it', async () => {
    let fileSystem = new MemoryFileSystem();
    const log = await openLog(surroundings(fileSystem), { config: config({ 'segment.bytes': 220 }) });
    for (let n = 0; n < 6; n++) await put(log, batchOf([`v${n}`.padEnd(30, '.')]));
    expect(log.segmentStarts().map((segment) => segment.baseOffset)).to.deep.equal([0, 2, 4]);
    await log.flush();
    fileSystem = fileSystem.kill();
    const file = '/logs/t-0/00000000000000000002.log';
    const bytes = fileSystem.peek(file)!;
    bytes[bytes.length - 3]! ^= 1;
    await replace(fileSystem, file, bytes);
    const around = surroundings(fileSystem);
    const again = await openLog(around);
    expect(again.logEndOffset).to.equal(3);
    expect((await filesOf(fileSystem)).filter((name) => name.endsWith('.log'))).to.deep.equal([
      '00000000000000000000.log',
      '00000000000000000002.log',
    ]);
    expect(await put(again, batchOf(['new']))).to.equal(3);
    expect((await readAll(again)).map((record) => record.value.slice(0, 3))).to.deep.equal(['v0.', 'v1.', 'v2.', 'new']);
    expect(around.logger.lines.filter((line) => line.startsWith('WARN'))).to.have.length(1);
  });

  it('reads only segments from the recovery point on', async () => {
    const reads: string[] = [];
    let fileSystem = new MemoryFileSystem({
      fault: (operation, filePath) => {
        if (operation === 'read' && filePath.endsWith('.log')) reads.push(filePath.slice(-7));
        return null;
      },
    });
    const log = await openLog(surroundings(fileSystem), { config: config({ 'segment.bytes': 220 }) });
    for (let n = 0; n < 6; n++) await put(log, batchOf([`v${n}`.padEnd(30, '.')]));
    await log.flush();
    fileSystem = fileSystem.kill();
    reads.length = 0;
    const again = await openLog(surroundings(fileSystem), {
      recovery: { cleanShutdown: false, recoveryPoint: 4, logStartOffset: 0 },
    });
    expect(again.logEndOffset).to.equal(6);
    expect(new Set(reads)).to.deep.equal(new Set(['004.log']));
  });

  it('trusts the files after a clean stop and reads no batch but the last', async () => {
    const fileSystem = new MemoryFileSystem();
    const log = await openLog(surroundings(fileSystem), { config: config({ 'index.interval.bytes': 0 }) });
    for (let n = 0; n < 50; n++) await put(log, batchOf([`v${n}`]));
    await log.close();
    let bytesRead = 0;
    const counting = surroundings(fileSystem);
    const { handles } = counting;
    const use = handles.use.bind(handles);
    handles.use = ((path, create, operation) =>
      use(path, create, (handle) =>
        operation({
          ...handle,
          read: async (buffer, position) => ((bytesRead += buffer.length), handle.read(buffer, position)),
        }),
      )) as typeof handles.use;
    const again = await openLog(counting, { recovery: CLEAN });
    expect(again.logEndOffset).to.equal(50);
    expect(bytesRead).to.be.below(200);
    expect(await readAll(again)).to.have.length(50);
  });

  it('rebuilds index files that are missing or damaged', async () => {
    const fileSystem = new MemoryFileSystem();
    const settings = { config: config({ 'segment.bytes': 300, 'index.interval.bytes': 0 }) };
    const log = await openLog(surroundings(fileSystem), settings);
    for (let n = 0; n < 12; n++) await put(log, batchOf([`v${n}`.padEnd(20, '.')]));
    await log.close();
    const before = await readIndexes(fileSystem);
    await fileSystem.remove('/logs/t-0/00000000000000000000.index');
    await replace(fileSystem, '/logs/t-0/00000000000000000003.timeindex', Buffer.alloc(13));
    await replace(fileSystem, '/logs/t-0/00000000000000000006.index', Buffer.from('ffffffffffffffff', 'hex'));
    const tail = { totalBytesMax: 0, logBytesMax: 0 };
    const again = await openLog(surroundings(fileSystem, { tail }), { ...settings, recovery: CLEAN });
    expect(await readAll(again, 0, 100)).to.have.length(12);
    expect((await again.offsetForTimestamp(0))?.offset).to.equal(0);
    await again.offsetOfMaxTimestamp();
    await again.close();
    const after = await readIndexes(fileSystem);
    expect([...after.keys()]).to.deep.equal([...before.keys()]);
    for (const [name, bytes] of after) expect(bytes.length % (name.endsWith('.index') ? 8 : 12), name).to.equal(0);
  });

  it('removes what a crash left half done, and finishes a swap', async () => {
    const fileSystem = new MemoryFileSystem();
    const settings = { config: config({ 'segment.bytes': 220 }) };
    const log = await openLog(surroundings(fileSystem), settings);
    for (let n = 0; n < 6; n++) await put(log, batchOf([`v${n}`.padEnd(30, '.')]));
    await log.close();
    const at = (name: string): string => `/logs/t-0/${name}`;
    // Compaction has joined the first two segments to one batch, and died while it took the old ones' place.
    await fileSystem.writeFile(at('00000000000000000000.log.swap'), batchOf(['compacted'], { lastOffset: 3 }));
    await fileSystem.writeFile(at('00000000000000000000.index.swap'), Buffer.alloc(0));
    await fileSystem.writeFile(at('00000000000000000000.timeindex.swap'), Buffer.alloc(0));
    await fileSystem.writeFile(at('00000000000000000004.log.cleaned'), Buffer.from('half'));
    await fileSystem.writeFile(at('00000000000000000000.log.deleted'), Buffer.from('old'));
    await fileSystem.writeFile(at('00000000000000000099.index'), Buffer.alloc(8));
    const around = surroundings(fileSystem);
    const again = await openLog(around, settings);
    expect((await readAll(again)).map(({ offset, value }) => [offset, value.slice(0, 3)])).to.deep.equal([
      [0, 'com'],
      [4, 'v4.'],
      [5, 'v5.'],
    ]);
    expect((await filesOf(fileSystem)).filter((name) => /swap|cleaned|deleted|99/.test(name))).to.deep.equal([]);
  });

  it('begins where the checkpoint says when all files behind it are gone', async () => {
    const fileSystem = new MemoryFileSystem();
    const log = await openLog(surroundings(fileSystem));
    for (let n = 0; n < 4; n++) await put(log, batchOf([`v${n}`]));
    await log.close();
    const around = surroundings(fileSystem);
    const again = await openLog(around, { recovery: { cleanShutdown: false, recoveryPoint: 0, logStartOffset: 9 } });
    expect([again.logStartOffset, again.logEndOffset]).to.deep.equal([9, 9]);
    expect(around.logger.lines.join('\n')).to.include(
      'Deleting all segments of t-0 because logEndOffset (4) is smaller than logStartOffset 9',
    );
  });

  it('falls back to an older producer snapshot and the batches behind it when the newest is damaged', async () => {
    const fileSystem = new MemoryFileSystem();
    const settings = { config: config({ 'segment.bytes': 150 }) };
    const log = await openLog(surroundings(fileSystem), settings);
    const batch = (sequence: number): Buffer =>
      batchOf(['x'.repeat(60)], { producerId: 9, producerEpoch: 0, baseSequence: sequence });
    for (let n = 0; n < 5; n++) await put(log, batch(n));
    await log.close();
    const newest = (await filesOf(fileSystem)).filter((name) => name.endsWith('.snapshot')).at(-1)!;
    expect(newest).to.equal('00000000000000000005.snapshot');
    await replace(fileSystem, `/logs/t-0/${newest}`, Buffer.from('damaged'));
    const around = surroundings(fileSystem);
    const again = await openLog(around, { ...settings, recovery: CLEAN });
    expect(around.logger.lines.join('\n')).to.include('Failed to load producer snapshot');
    expect(again.append(batch(4), CLIENT)).to.include({ duplicate: true, baseOffset: 4 });
    expect(again.append(batch(6), CLIENT)).to.include({ ok: false });
    expect(again.append(batch(5), CLIENT)).to.include({ ok: true, baseOffset: 5 });
  });

  it('keeps a prefix with everything that was forced to the disk when power is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 0x7fff_ffff }), async (seed) => {
        const prng = createPrng(seed);
        let fileSystem = new MemoryFileSystem();
        let log = await openLog(surroundings(fileSystem), {
          config: config({ 'segment.bytes': 600, 'index.interval.bytes': 64 }),
        });
        let expected: SeenRecord[] = [];
        for (let round = 0; round < 4; round++) {
          for (let n = prng.int(12); n > 0; n--) {
            const values = Array.from({ length: 1 + prng.int(3) }, (_, i) => `${seed}.${round}.${n}.${i}`);
            const offset = await put(log, batchOf(values));
            expected = [
              ...expected.filter((record) => record.offset < offset),
              ...values.map((value, i) => ({ offset: offset + i, value })),
            ];
            if (prng.int(5) === 0) await log.flush();
          }
          const { recoveryPoint } = log;
          const unwritten = log.append(batchOf(['never acknowledged']), CLIENT);
          if (unwritten.ok) expected.push({ offset: unwritten.baseOffset, value: 'never acknowledged' });
          fileSystem = fileSystem.crash(prng);
          await log.letGo();
          const around: TestSurroundings = surroundings(fileSystem);
          log = await reopen(around, prng.int(recoveryPoint + 1));
          const found = await readAll(log);
          expect(found).to.deep.equal(expected.slice(0, found.length));
          expect(log.logEndOffset).to.be.at.least(recoveryPoint);
          expect(around.failures).to.deep.equal([]);
          expected = found;
        }
      }),
      { numRuns: 60 },
    );
  });
});

function reopen(around: TestSurroundings, recoveryPoint: number): Promise<PartitionLog> {
  return openLog(around, {
    config: config({ 'segment.bytes': 600, 'index.interval.bytes': 64 }),
    recovery: { cleanShutdown: false, recoveryPoint, logStartOffset: 0 },
  });
}

async function readIndexes(fileSystem: MemoryFileSystem): Promise<Map<string, Buffer>> {
  const names = (await filesOf(fileSystem)).filter((name) => name.endsWith('index'));
  return new Map(names.map((name) => [name, fileSystem.peek(`/logs/t-0/${name}`)!]));
}
