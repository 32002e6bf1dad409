/**
 * Log directories go back and forth between us and the original: its dump tool accepts every file we write, its broker
 * serves what we wrote as its own, and we serve what it wrote, after clean stops and after `kill -9`.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { defaultLogConfig, logConfigFrom } from '../../broker/log/log-config.ts';
import { LogManager, readMetaProperties } from '../../broker/log/log-manager.ts';
import { nodeFileSystem } from '../../broker/log/node-file-system.ts';
import type { PartitionLog } from '../../broker/log/partition-log.ts';
import { buildBatch } from '../../broker/records/build-batch.ts';
import type { BatchOptions } from '../../broker/records/build-batch.ts';
import { buildMarker } from '../../broker/records/control-records.ts';
import { iterateRecords } from '../../broker/records/iterate-records.ts';
import { batchSizeOf, isControl, lastOffsetOf } from '../../broker/records/record-batch.ts';
import { runOk } from './support/process.ts';
import { kafkaTool, ServerPair } from './support/servers.ts';

const logger = createLogger('kafka.log.LogManager');
const topicId = 'z1kEJjtzQFGK8QGLdNU5yA';
/** Small segments and dense indexes, so that there is something of everything. */
const smallSegments = { 'segment.bytes': '10000', 'index.interval.bytes': '500' };

function openLogs(
  directory: string,
  identity: { brokerId: number; clusterId: string },
  overrides: Record<string, string> = smallSegments,
): Promise<LogManager> {
  return LogManager.open({ dirs: [directory], ...identity, defaults: logConfigFrom(defaultLogConfig, overrides) });
}

async function append(log: PartitionLog, values: readonly string[], options: BatchOptions = {}): Promise<void> {
  const records = values.map((value, index) => ({
    key: Buffer.from('k'),
    value: Buffer.from(value),
    timestamp: Date.now() - (index % 3),
  }));
  const result = log.append(buildBatch({ records, ...options }), { origin: 'client', leaderEpoch: 0, nowMs: Date.now() });
  if (!result.ok) throw new Error(result.message);
  await result.written;
}

async function valuesOf(log: PartitionLog): Promise<string[]> {
  const values: string[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset;) {
    const batches = await log.read(offset, 1 << 20, { maxOffsetExclusive: log.logEndOffset, minOneBatch: true });
    for (let at = 0; at < batches.length; at += batchSizeOf(batches, at)) {
      if (!isControl(batches, at)) for (const record of iterateRecords(batches, at)) values.push(String(record.value));
      offset = lastOffsetOf(batches, at) + 1;
    }
  }
  return values;
}

function files(directory: string, suffix: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(directory, name));
}

/** What the original says about these files; anything on standard error is a complaint. */
async function dump(paths: readonly string[], ...flags: string[]): Promise<string> {
  expect(paths, 'files to dump').to.not.have.length(0);
  const { stdout, stderr } = await runOk(kafkaTool, ['kafka-dump-log', ...flags, '--files', paths.join(',')]);
  expect(stderr).to.equal('');
  return stdout;
}

/**
 * `mixed`: the original wrote some of the files. Its time indexes name the first record with a timestamp, its dump tool
 * expects the last of the batch, so it complains of its own; ours have to satisfy it.
 */
async function expectSound(directory: string, recordCount: number, { mixed = false } = {}): Promise<void> {
  const records = await dump(files(directory, '.log'), '--deep-iteration');
  expect(records).to.not.match(/isvalid: false/);
  expect(records.match(/^\| offset: /gm)).to.have.length(recordCount);
  for (const suffix of ['.index', '.timeindex']) {
    const indexes = files(directory, suffix);
    if (suffix === '.index' || !mixed) {
      expect(await dump(indexes)).to.match(suffix === '.index' ? /offset: \d+ position: \d+/ : /timestamp: \d+ offset: \d+/);
      expect(await dump(indexes, '--verify-index-only')).to.include('Dumping');
    }
    expect((await dump(indexes, '--index-sanity-check')).match(/passed sanity check|is empty/g)).to.have.length(
      indexes.length,
    );
  }
}

describe("log directories and the original's tools", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'interop-logs-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const identity = { brokerId: 1, clusterId: 'HOWCuJCmTT2ZBfLYIpsOtQ' };

  it('are accepted by kafka-dump-log, file by file', async () => {
    const manager = await openLogs(directory, identity);
    const log = await manager.getOrCreate('t', 0, topicId);
    log.leaderEpochs.assign(0, 0);
    let recordCount = 0;
    for (let n = 0; n < 120; n++) {
      const compression = (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)[n % 5]!;
      const values = Array.from({ length: 1 + (n % 7) }, (_, i) => `value ${n}.${i} ${Math.sqrt(n * 7 + i)}`.repeat(20));
      await append(log, values, { compression, producerId: 7, producerEpoch: 0, baseSequence: recordCount });
      recordCount += values.length;
    }
    await append(log, ['in a transaction'], { producerId: 8, producerEpoch: 1, baseSequence: 0, transactional: true });
    const marker = buildMarker({
      type: 'abort',
      coordinatorEpoch: 3,
      producerId: 8,
      producerEpoch: 1,
      timestamp: Date.now(),
    });
    const ended = log.append(marker, { origin: 'coordinator', leaderEpoch: 0, nowMs: Date.now() });
    expect(ended.ok).to.equal(true);
    recordCount += 2;
    await manager.close();

    const partition = join(directory, 't-0');
    expect(files(partition, '.log')).to.have.length.above(3);
    await expectSound(partition, recordCount);
    const snapshots = await dump(files(partition, '.snapshot'));
    expect(snapshots).to.include(`producerId: 7 producerEpoch: 0 coordinatorEpoch: -1`);
    expect(snapshots).to.include(`producerId: 8 producerEpoch: 1 coordinatorEpoch: 3 currentTxnFirstOffset: None`);
    expect(await dump(files(partition, '.log'), '--print-data-log')).to.include('endTxnMarker: ABORT coordinatorEpoch: 3');
  });

  it('are accepted with stamps of the append time', async () => {
    const manager = await openLogs(directory, identity, {
      ...smallSegments,
      'segment.bytes': '40000',
      'message.timestamp.type': 'LogAppendTime',
    });
    const log = await manager.getOrCreate('t', 0, topicId);
    for (let n = 0; n < 100; n++)
      await append(log, [`a ${n}`.repeat(100), `b ${n}`], { compression: n % 2 === 0 ? 'none' : 'gzip' });
    await manager.close();
    await expectSound(join(directory, 't-0'), 200);
  });

  it('go from the original to us and back, with every record', async function () {
    this.timeout(180_000);
    const pair = await ServerPair.start({
      maker: 'kafka',
      coordinator: { tickTime: 500 },
      broker: {
        'log.segment.bytes': 40_000,
        'log.index.interval.bytes': 500,
        'broker.id': 1,
        'zookeeper.session.timeout.ms': 2_000,
      },
    });
    try {
      const expected: string[] = [];
      const produce = async (values: readonly string[]): Promise<void> => {
        await runOk(kafkaTool, ['kafka-console-producer', '--topic', 't', '--bootstrap-server', pair.bootstrap], {
          input: values.join('\n') + '\n',
        });
        expected.push(...values);
      };
      const texts = (what: string): string[] => Array.from({ length: 400 }, (_, n) => `${what} ${n} ${'x'.repeat(300)}`);
      await runOk(kafkaTool, ['kafka-topics', '--create', '--topic', 't', '--bootstrap-server', pair.bootstrap]);
      await produce(texts('original'));
      await pair.broker.stop('SIGTERM', 30_000);
      const meta = await readMetaProperties([pair.logDirectory], nodeFileSystem, logger);
      const owner = { brokerId: meta!.brokerId!, clusterId: meta!.clusterId! };

      // Ours, after the original's clean stop.
      let manager = await openLogs(pair.logDirectory, owner);
      let log = manager.get('t', 0)!;
      expect(await valuesOf(log)).to.deep.equal(expected);
      for (const value of texts('ours')) {
        await append(log, [value], { compression: 'lz4' });
        expected.push(value);
      }
      expect((await log.offsetForTimestamp(0))?.offset).to.equal(0);
      await manager.checkpointHighWatermarks([{ topic: 't', partition: 0, highWatermark: log.logEndOffset }]);
      await manager.close();
      await expectSound(join(pair.logDirectory, 't-0'), expected.length, { mixed: true });

      // The original's, after our clean stop.
      pair.launchBroker();
      await pair.brokerReady();
      expect(pair.broker.transcript(1_000_000)).to.include('Skipping recovery for all logs');
      expect(pair.broker.transcript(1_000_000)).to.not.match(/(WARN|ERROR).*kafka\.log/);
      await produce(texts('original again'));
      const consume = [
        'kafka-console-consumer',
        '--topic',
        't',
        '--from-beginning',
        '--timeout-ms',
        '8000',
        '--bootstrap-server',
        pair.bootstrap,
      ];
      const consumed = (await runOk(kafkaTool, [...consume, '--max-messages', String(expected.length)])).stdout
        .split('\n')
        .slice(0, -1);
      expect(consumed).to.deep.equal(expected);

      // Ours, after the original was killed: recovery of its files.
      await pair.killBroker();
      manager = await openLogs(pair.logDirectory, owner);
      log = manager.get('t', 0)!;
      expect(await valuesOf(log)).to.deep.equal(expected);
      await append(log, ['the last one']);
      expected.push('the last one');
      // Killed like that, too: no checkpoints, no clean stop, indexes not written.
      await manager.abandon();

      // The original cannot register while its old session lives.
      const shell = ['zookeeper-shell', `127.0.0.1:${pair.coordinatorPort}`, 'ls', '/brokers/ids'];
      while ((await runOk(kafkaTool, shell)).stdout.includes('[1]'));
      pair.launchBroker();
      await pair.brokerReady();
      expect(pair.broker.transcript(1_000_000)).to.include('Attempting recovery for all logs');
      const again = (await runOk(kafkaTool, [...consume, '--max-messages', String(expected.length)])).stdout
        .split('\n')
        .slice(0, -1);
      expect(again).to.deep.equal(expected);
      await pair.stop();
      await expectSound(join(pair.logDirectory, 't-0'), expected.length, { mixed: true });
    } finally {
      await pair.close();
    }
  });
});
