import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { dumpLog } from '../../../../broker/cli/commands/dump-log.ts';
import { encodeOffsetKey, encodeOffsetValue } from '../../../../broker/group/offset-records.ts';
import { ProducerState } from '../../../../broker/log/producer-state.ts';
import { buildBatch } from '../../../../broker/records/build-batch.ts';
import { buildMarker } from '../../../../broker/records/control-records.ts';
import { crcOf, setBaseOffset } from '../../../../broker/records/record-batch.ts';
import { runCommand, type Outcome } from '../fake-io.ts';

const AT = 1_700_000_000_000;

describe('kafka-dump-log', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'vivarium-dump-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const file = (suffix: string, ...content: readonly Buffer[]): string => {
    const path = join(dir, `00000000000000000000.${suffix}`);
    writeFileSync(path, Buffer.concat(content));
    return path;
  };
  const batch = (baseOffset: number, ...values: string[]): Buffer => {
    const records = values.map((value, at) => ({ key: Buffer.from('k'), value: Buffer.from(value), timestamp: AT + at }));
    const bytes = buildBatch({ records });
    setBaseOffset(bytes, 0, baseOffset);
    return bytes;
  };
  const run = (...args: string[]): Promise<Outcome> => runCommand(dumpLog, args);

  it('describes each batch', async () => {
    const bytes = batch(0, 'a', 'b');
    const path = file('log', bytes);
    expect(await run('--files', path)).to.deep.equal({
      status: 0,
      out:
        `Dumping ${path}\nLog starting offset: 0\n` +
        'baseOffset: 0 lastOffset: 1 count: 2 baseSequence: -1 lastSequence: -1 producerId: -1 producerEpoch: -1 ' +
        'partitionLeaderEpoch: -1 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 0 ' +
        `CreateTime: ${AT + 1} size: ${bytes.length} magic: 2 compresscodec: none crc: ${crcOf(bytes, 0)} isvalid: true\n`,
      err: '',
    });
  });

  it('shows records, gaps between their offsets, and bytes behind the last batch', async () => {
    const path = file('log', batch(0, 'a'), batch(5, 'b'), Buffer.alloc(10));
    const { out, err } = await run('--files', path, '--print-data-log');
    expect(out).to.contain(
      `\n| offset: 0 CreateTime: ${AT} keySize: 1 valueSize: 1 sequence: -1 headerKeys: [] key: k payload: a\n`,
    );
    expect(out).to.match(/\nFound 10 invalid bytes at the end of 0{20}\.log\n$/);
    expect(err).to.equal(`Non-consecutive offsets in ${path}\n  0 is followed by 5\n`);
    expect((await run('--files', path, '--print-data-log', '--skip-record-metadata')).out).to.contain('\n| key: k payload: b\n');
  });

  it('tells a batch whose bytes changed', async () => {
    const bytes = batch(0, 'a');
    bytes[bytes.length - 2]! ^= 1;
    expect((await run('--files', file('log', bytes))).out).to.match(/isvalid: false\n$/);
  });

  it('decodes commits and transaction markers', async () => {
    const value = encodeOffsetValue({ offset: 7, leaderEpoch: -1, metadata: 'm', commitTimestamp: AT, expireTimestamp: -1 });
    const key = encodeOffsetKey('g', 't', 3);
    const commits = buildBatch({ records: [{ key, value, timestamp: AT }, { key, value: null, timestamp: AT }] }); // prettier-ignore
    const { out } = await run('--files', file('log', commits), '--offsets-decoder');
    expect(out).to.contain(' key: offset_commit::group=g,partition=t-3 payload: offset=7,metadata=m\n');
    expect(out).to.contain(' key: offset_commit::group=g,partition=t-3 payload: <DELETE>\n');
    const marker = buildMarker({ type: 'commit', coordinatorEpoch: 4, producerId: 1, producerEpoch: 0, timestamp: AT });
    const markers = await run('--files', file('log', marker), '--deep-iteration');
    expect(markers.out).to.match(/ endTxnMarker: COMMIT coordinatorEpoch: 4\n$/);
  });

  const offsetEntry = (relative: number, position: number): Buffer => {
    const entry = Buffer.alloc(8);
    entry.writeInt32BE(relative, 0);
    entry.writeInt32BE(position, 4);
    return entry;
  };

  it('compares an index with its log', async () => {
    const [first, second] = [batch(0, 'a', 'b'), batch(2, 'c', 'd')];
    file('log', first, second);
    const good = file('index', offsetEntry(3, first.length), Buffer.alloc(16));
    expect(await run('--files', good)).to.deep.equal({
      status: 0,
      out: `Dumping ${good}\noffset: 3 position: ${first.length}\n`,
      err: '',
    });
    expect((await run('--files', good, '--verify-index-only')).out).to.equal(`Dumping ${good}\n`);
    expect((await run('--files', good, '--index-sanity-check')).out).to.equal(`Dumping ${good}\n${good} passed sanity check.\n`);
    const bad = file('index', offsetEntry(2, first.length));
    expect((await run('--files', bad)).err).to.equal(`Mismatches in :${bad}\n  Index offset: 2, log offset: 3\n`);
  });

  it('compares a time index with its log', async () => {
    file('log', batch(0, 'a', 'b'));
    const entry = Buffer.alloc(12);
    entry.writeBigInt64BE(BigInt(AT + 1), 0);
    entry.writeInt32BE(1, 8);
    const good = file('timeindex', entry);
    expect(await run('--files', good)).to.deep.equal({
      status: 0,
      out: `Dumping ${good}\ntimestamp: ${AT + 1} offset: 1\n`,
      err: '',
    });
    entry.writeBigInt64BE(BigInt(AT), 0);
    const bad = file('timeindex', entry);
    expect((await run('--files', bad)).err).to.equal(
      `Found timestamp mismatch in :${bad}\n  Index timestamp: ${AT}, log timestamp: ${AT + 1}\n`,
    );
  });

  it('reads producer snapshots, unless they are damaged', async () => {
    const bytes = new ProducerState('t-0').snapshot();
    const path = file('snapshot', bytes);
    expect(await run('--files', path)).to.deep.equal({ status: 0, out: `Dumping ${path}\n`, err: '' });
    bytes[3]! ^= 1;
    expect((await run('--files', file('snapshot', bytes))).err).to.match(/^Snapshot is corrupt \(CRC is no longer valid\)/);
  });

  it('refuses files that are not there and ignores those it does not know', async () => {
    const missing = join(dir, '00000000000000000007.log');
    expect(await run('--files', missing)).to.deep.equal({
      status: 1,
      out: `Dumping ${missing}\nLog starting offset: 7\n`,
      err: `Exception in thread "main" java.nio.file.NoSuchFileException: ${missing}\n`,
    });
    expect((await run('--files', join(dir, 'x.txt'))).err).to.equal(`Ignoring unknown file ${join(dir, 'x.txt')}\n`);
    expect((await run()).err).to.match(/^This tool helps to parse a log file/);
  });
});
