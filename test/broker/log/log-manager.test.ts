import { expect } from 'chai';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defaultLogConfig } from '../../../broker/log/log-config.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { LogManager, LogStartError, readMetaProperties } from '../../../broker/log/log-manager.ts';
import type { DirFailure, LogManagerOptions } from '../../../broker/log/log-manager.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import { StorageError } from '../../../broker/log/storage-error.ts';
import { CLIENT, RecordingLogger, TestClock, TestScheduler, batchOf, config, put, readAll } from './support.ts';

const TOPIC_ID = 'z1kEJjtzQFGK8QGLdNU5yA';
const CLUSTER_ID = 'HOWCuJCmTT2ZBfLYIpsOtQ';

interface Rig {
  fileSystem: MemoryFileSystem;
  readonly scheduler: TestScheduler;
  readonly clock: TestClock;
  readonly logger: RecordingLogger;
}

function rig(fileSystem = new MemoryFileSystem()): Rig {
  return { fileSystem, scheduler: new TestScheduler(), clock: new TestClock(), logger: new RecordingLogger() };
}

function open(on: Rig, more: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  return LogManager.open({ dirs: ['/d1'], brokerId: 1, clusterId: CLUSTER_ID, defaults: defaultLogConfig, ...on, ...more });
}

async function refusal(opening: Promise<unknown>): Promise<LogStartError> {
  const error = await opening.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(LogStartError);
  return error as LogStartError;
}

const text = (fileSystem: MemoryFileSystem, file: string): string | undefined => fileSystem.peek(file)?.toString();
const names = async (fileSystem: MemoryFileSystem, directory: string): Promise<string[]> =>
  (await fileSystem.list(directory)).map((entry) => entry.name).sort();

/** Turns of the event loop: background work on a disk in memory needs no more than these. */
async function turns(count = 50): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
}

describe('LogManager', () => {
  it('lays a directory out as Kafka does, and finds everything again after a clean stop', async () => {
    const on = rig();
    const manager = await open(on);
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    log.leaderEpochs.assign(0, 0);
    await put(log, batchOf(['a', 'b']));
    await manager.getOrCreate('t', 1, TOPIC_ID);
    await manager.checkpointHighWatermarks([
      { topic: 't', partition: 0, highWatermark: 2 },
      { topic: 't', partition: 1, highWatermark: 0 },
    ]);
    expect(text(on.fileSystem, '/d1/replication-offset-checkpoint')).to.equal('0\n2\nt 0 2\nt 1 0\n');
    await manager.close();
    expect(await names(on.fileSystem, '/d1')).to.deep.equal([
      '.kafka_cleanshutdown',
      '.lock',
      'cleaner-offset-checkpoint',
      'log-start-offset-checkpoint',
      'meta.properties',
      'recovery-point-offset-checkpoint',
      'replication-offset-checkpoint',
      't-0',
      't-1',
    ]);
    expect(await names(on.fileSystem, '/d1/t-0')).to.deep.equal([
      '00000000000000000000.index',
      '00000000000000000000.log',
      '00000000000000000000.timeindex',
      '00000000000000000002.snapshot',
      'leader-epoch-checkpoint',
      'partition.metadata',
    ]);
    expect(text(on.fileSystem, '/d1/recovery-point-offset-checkpoint')).to.equal('0\n2\nt 0 2\nt 1 0\n');
    expect(text(on.fileSystem, '/d1/log-start-offset-checkpoint')).to.equal('0\n0\n');
    expect(text(on.fileSystem, '/d1/.kafka_cleanshutdown')).to.equal('');
    expect(text(on.fileSystem, '/d1/t-0/leader-epoch-checkpoint')).to.equal('0\n1\n0 0\n');
    expect(text(on.fileSystem, '/d1/meta.properties')).to.match(
      /^#\n#\w{3} \w{3} \d\d .* UTC \d{4}\nbroker.id=1\nversion=0\ncluster.id=HOW/,
    );

    const again = await open(on);
    expect(await names(on.fileSystem, '/d1')).to.not.include('.kafka_cleanshutdown');
    const found = again.get('t', 0)!;
    expect(found.topicId).to.equal(TOPIC_ID);
    expect(await readAll(found)).to.have.length(2);
    expect(again.checkpointedHighWatermark('t', 0)).to.equal(2);
    expect([...again.allLogs]).to.have.length(2);
    expect(again.get('t', 2)).to.equal(undefined);
    expect(on.logger.lines.join('\n')).to.include(
      'Skipping recovery for all logs in /d1 since clean shutdown file was found',
    );
    await again.close();
  });

  it('recovers after a crash from the checkpointed recovery point', async () => {
    const on = rig();
    const manager = await open(on);
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, batchOf(['a']));
    await log.flush();
    await manager.upkeep.checkpointRecoveryPoints();
    await put(log, batchOf(['b']));
    on.fileSystem = on.fileSystem.kill();
    const after = rig(on.fileSystem);
    const again = await open(after);
    expect(await readAll(again.get('t', 0)!)).to.have.length(2);
    expect(again.get('t', 0)!.recoveryPoint).to.equal(1);
    expect(after.logger.lines.join('\n')).to.include(
      'Attempting recovery for all logs in /d1 since no clean shutdown file was found',
    );
    await manager.abandon();
    await again.close();
  });

  it('remembers where a log starts within a segment', async () => {
    const on = rig();
    const manager = await open(on);
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, batchOf(['a', 'b', 'c']));
    log.advanceLogStart(2);
    await manager.upkeep.checkpointLogStarts();
    expect(text(on.fileSystem, '/d1/log-start-offset-checkpoint')).to.equal('0\n1\nt 0 2\n');
    on.fileSystem = on.fileSystem.kill();
    const again = await open(rig(on.fileSystem));
    expect(again.get('t', 0)!.logStartOffset).to.equal(2);
    await manager.abandon();
    await again.close();
  });

  it('creates a log once, however many ask for it at once, in the emptiest directory', async () => {
    const on = rig();
    const manager = await open(on, { dirs: ['/d1', '/d2'] });
    const [one, two] = await Promise.all([manager.getOrCreate('t', 0, TOPIC_ID), manager.getOrCreate('t', 0, TOPIC_ID)]);
    expect(one).to.equal(two);
    const next = await manager.getOrCreate('t', 1, TOPIC_ID);
    expect(new Set([one.logDir, next.logDir])).to.deep.equal(new Set(['/d1', '/d2']));
    await manager.close();
  });

  it('deletes a log at once for whoever asks, and its files after file.delete.delay.ms', async () => {
    const on = rig();
    const manager = await open(on, { defaults: config({ 'file.delete.delay.ms': 700 }) });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, batchOf(['old']));
    const deleting = manager.delete('t', 0);
    expect(manager.get('t', 0)).to.equal(undefined);
    const fresh = await manager.getOrCreate('t', 0, 'AAAAAAAAAAAAAAAAAAAAAQ');
    await deleting;
    expect(log.append(batchOf(['late']), CLIENT).ok).to.equal(false);
    expect([fresh.logEndOffset, fresh.topicId]).to.deep.equal([0, 'AAAAAAAAAAAAAAAAAAAAAQ']);
    const directories = (await names(on.fileSystem, '/d1')).filter((name) => name.startsWith('t-0'));
    expect(directories).to.have.length(2);
    expect(directories[1]).to.match(/^t-0\.[0-9a-f]{32}-delete$/);
    on.scheduler.advance(700);
    await turns();
    expect((await names(on.fileSystem, '/d1')).filter((name) => name.startsWith('t-0'))).to.deep.equal(['t-0']);
    await manager.delete('nobody', 7);
    await manager.close();
  });

  it('removes what was being deleted when it was stopped', async () => {
    const on = rig();
    const manager = await open(on);
    await manager.getOrCreate('t', 0, TOPIC_ID);
    await manager.delete('t', 0);
    await manager.close();
    const after = rig(on.fileSystem);
    const again = await open(after);
    expect([...again.allLogs]).to.have.length(0);
    after.scheduler.advance(60_000);
    await turns();
    expect((await names(on.fileSystem, '/d1')).filter((name) => name.startsWith('t-0'))).to.deep.equal([]);
    await again.close();
  });

  it('applies retention up to the high watermark, again and again', async () => {
    const on = rig();
    const manager = await open(on, {
      defaults: config({ 'segment.bytes': 150, 'retention.ms': 1000 }),
      retentionCheckIntervalMs: 5000,
    });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    for (let n = 0; n < 3; n++) await put(log, batchOf(['x'.repeat(60)]));
    on.clock.nowMs += 2000;
    on.scheduler.advance(5000);
    await turns();
    expect(log.logStartOffset, 'nothing is known to be replicated').to.equal(0);
    await manager.checkpointHighWatermarks([{ topic: 't', partition: 0, highWatermark: 2 }]);
    on.scheduler.advance(5000);
    await turns();
    expect(log.logStartOffset).to.equal(2);
    await manager.close();
  });

  it('gives a topic a new config', async () => {
    const on = rig();
    const manager = await open(on, { configOf: (topic) => config({ 'max.message.bytes': topic === 't' ? 100 : 200 }) });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    expect(log.config.maxMessageBytes).to.equal(100);
    manager.updateConfig('t', config({ 'max.message.bytes': 300 }));
    expect(log.config.maxMessageBytes).to.equal(300);
    await manager.close();
  });

  describe('at a start that must not be', () => {
    it('refuses a directory that is in use', async () => {
      const on = rig();
      const manager = await open(on);
      const error = await refusal(open(rig(on.fileSystem)));
      expect(error.className).to.equal('org.apache.kafka.common.KafkaException');
      expect(error.message).to.equal(
        'Failed to acquire lock on file .lock in /d1. A Kafka instance in another process or thread is using this directory.',
      );
      await manager.close();
      await (await open(rig(on.fileSystem))).close();
    });

    it('refuses a directory of another cluster or broker, and says so before', async () => {
      const on = rig();
      await (await open(on)).close();
      const cluster = await refusal(open(rig(on.fileSystem), { clusterId: 'otherCluster' }));
      expect(cluster.className).to.equal('kafka.common.InconsistentClusterIdException');
      expect(cluster.message).to.equal(
        "The Cluster ID otherCluster doesn't match stored clusterId Some(HOWCuJCmTT2ZBfLYIpsOtQ) in meta.properties. The broker is trying " +
          'to join the wrong cluster. Configured zookeeper.connect may be wrong.',
      );
      const broker = await refusal(open(rig(on.fileSystem), { brokerId: 2 }));
      expect(broker.className).to.equal('kafka.common.InconsistentBrokerIdException');
      expect(broker.message).to.include("Configured broker.id 2 doesn't match stored broker.id Some(1) in meta.properties.");
      expect(await readMetaProperties(['/d1'], on.fileSystem, on.logger)).to.deep.equal({
        brokerId: 1,
        clusterId: CLUSTER_ID,
      });
      expect(await readMetaProperties(['/d9'], on.fileSystem, on.logger)).to.equal(null);
      expect(on.logger.lines.at(-1)).to.equal('WARN No meta.properties file under dir /d9/meta.properties');
    });

    it('refuses directories that contradict each other', async () => {
      const on = rig();
      await (await open(on)).close();
      await (await open(rig(on.fileSystem), { dirs: ['/d2'], brokerId: 2 })).close();
      const error = await refusal(readMetaProperties(['/d1', '/d2'], on.fileSystem, on.logger));
      expect(error.message).to.match(/^BrokerMetadata is not consistent across log.dirs/);
      expect((await refusal(open(rig(on.fileSystem), { dirs: ['/d1', '/d1/'] }))).message).to.match(
        /^Duplicate log directory found/,
      );
    });

    it('refuses a partition that is in two directories', async () => {
      const on = rig();
      const manager = await open(on);
      await manager.getOrCreate('t', 0, TOPIC_ID);
      await manager.close();
      await on.fileSystem.makeDirectory('/d2/t-0');
      const error = await refusal(open(rig(on.fileSystem), { dirs: ['/d1', '/d2'] }));
      expect(error.message).to.match(/^Duplicate log directories for t-0 are found in both/);
    });

    it('stops when no directory can be made, and goes on when one can', async () => {
      const on = rig();
      await on.fileSystem.writeFile('/file', Buffer.alloc(0));
      const error = await refusal(open(on, { dirs: ['/file'] }));
      expect(error.message).to.equal(
        'Shutdown broker because none of the specified log dirs from /file can be created or validated',
      );
      const manager = await open(rig(on.fileSystem), { dirs: ['/file', '/d1'] });
      expect(manager.offlineDirs).to.deep.equal(['/file']);
      const lost = await manager.getOrCreate('t', 0, TOPIC_ID).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(lost, 'it may be in the lost directory').to.be.instanceOf(StorageError);
      expect((await manager.getOrCreate('t', 0, TOPIC_ID, { isNew: true })).logDir).to.equal('/d1');
      await manager.close();
    });

    it('does not start on a read-only directory', async () => {
      const on = rig();
      await (await open(on)).close();
      on.fileSystem.setReadOnly(true);
      const error = await refusal(open(rig(on.fileSystem)));
      expect(error.className).to.equal('org.apache.kafka.common.errors.KafkaStorageException');
    });
  });

  it('takes a failing directory offline with all its logs, and leaves the others alone', async () => {
    const on = rig();
    const manager = await open(on, { dirs: ['/d1', '/d2'] });
    const failures: DirFailure[] = [];
    manager.onDirFailure((failure) => failures.push(failure));
    const logs = await Promise.all([0, 1, 2, 3].map((partition) => manager.getOrCreate('t', partition, TOPIC_ID)));
    const dead = logs.filter((log) => log.logDir === '/d1');
    const alive = logs.filter((log) => log.logDir === '/d2');
    expect([dead.length, alive.length]).to.deep.equal([2, 2]);
    await Promise.all(logs.map((log) => put(log, batchOf(['kept']))));
    on.fileSystem.setFault((operation, file) => (operation === 'write' && file.startsWith('/d1/') ? 'EIO' : null));
    const outcomes = await Promise.allSettled(logs.map((log) => put(log, batchOf(['more']))));
    expect(outcomes.map((outcome) => outcome.status === 'fulfilled')).to.deep.equal(logs.map((log) => log.logDir === '/d2'));
    expect(failures).to.have.length(1);
    expect(failures[0]).to.include({ logDir: '/d1', othersLeft: true });
    expect(failures[0]!.partitions).to.have.members(dead.map((log) => `t-${log.partition}`));
    for (const log of dead) {
      expect(manager.get('t', log.partition)).to.equal(undefined);
      expect(manager.isOffline('t', log.partition)).to.equal(true);
      expect(log.isOnline).to.equal(false);
    }
    expect(on.logger.lines).to.include('WARN Stopping serving logs in dir /d1');
    await put(alive[0]!, batchOf(['still served']));
    await manager.close();
    expect(await names(on.fileSystem, '/d2')).to.include('.kafka_cleanshutdown');
    expect(await names(on.fileSystem, '/d1')).to.not.include('.kafka_cleanshutdown');

    on.fileSystem.setFault(() => null);
    const again = await open(rig(on.fileSystem), { dirs: ['/d1', '/d2'] });
    for (const log of dead) expect((await readAll(again.get('t', log.partition)!))[0]!.value).to.equal('kept');
    await again.close();
  });

  it('tells that no directory is left', async () => {
    const on = rig();
    const manager = await open(on);
    const failures: DirFailure[] = [];
    manager.onDirFailure((failure) => failures.push(failure));
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    on.fileSystem.setCapacity(on.fileSystem.used);
    await put(log, batchOf(['full'])).then(
      () => expect.fail('acknowledged'),
      () => undefined,
    );
    expect(failures.map((failure) => failure.othersLeft)).to.deep.equal([false]);
    expect(on.logger.lines).to.include('ERROR Shutdown broker because all log dirs in /d1 have failed');
    await manager.close();
  });

  it('opens hundreds of partitions with few files open, on a real disk', async () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'vivarium-logs-'));
    const options = {
      dirs: [root],
      brokerId: 1,
      clusterId: CLUSTER_ID,
      defaults: defaultLogConfig,
      openFilesMax: 20,
      logger: new RecordingLogger(),
    };
    try {
      const manager = await LogManager.open(options);
      const logs = await Promise.all(
        Array.from({ length: 300 }, (_, partition) => manager.getOrCreate('t', partition, TOPIC_ID)),
      );
      await Promise.all(logs.map((log) => put(log, batchOf([`for ${log.partition}`]))));
      expect(fs.readdirSync('/proc/self/fd').length).to.be.below(150);
      await manager.close();
      const again = await LogManager.open(options);
      for (let partition = 0; partition < 300; partition += 50) {
        expect(await readAll(again.get('t', partition)!)).to.deep.equal([{ offset: 0, value: `for ${partition}` }]);
      }
      await again.close();
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  });
});

describe('LogManager.moveReplica()', () => {
  const IDEMPOTENT = { producerId: 9, producerEpoch: 0 };

  /** Waits for work on a disk in memory that nobody hands a promise of. */
  async function until(condition: () => boolean): Promise<void> {
    for (let n = 0; n < 2000 && !condition(); n++) await new Promise((resolve) => setImmediate(resolve));
    expect(condition()).to.equal(true);
  }

  it('takes a log to another directory while records come in, and loses none in a crash before or after', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const fileSystem = new MemoryFileSystem({ delay: () => new Promise((resolve) => setImmediate(resolve)) });
      const on = rig(fileSystem);
      const dirs = ['/d1', '/d2'];
      const manager = await open(on, { dirs, defaults: config({ 'segment.bytes': 400 }) });
      const log = await manager.getOrCreate('t', 0, TOPIC_ID);
      const other = log.logDir === '/d1' ? '/d2' : '/d1';
      const acknowledged: string[] = [];
      let number = 0;
      const append = async (): Promise<void> => {
        const value = `v${number}`;
        const result = log.append(batchOf([value], { ...IDEMPOTENT, baseSequence: number++ }), CLIENT);
        if (!result.ok) throw new Error(result.message);
        await result.written;
        acknowledged.push(value);
      };
      for (let n = 0; n < 20; n++) await append();
      expect(await manager.moveReplica('t', 0, other)).to.equal(0);
      expect([...manager.futureReplicas].map(({ logDir }) => logDir)).to.deep.equal([other]);
      // Crashes at some point of the move, or after it.
      for (let n = 0; n < seed * 3; n++) {
        await append();
        on.scheduler.advance(5);
      }
      if (seed % 2 === 0) {
        for (let n = 0; n < 500 && log.logDir !== other; n++) {
          on.scheduler.advance(5);
          await turns(5);
        }
        expect(log.logDir).to.equal(other);
        await append();
      }
      expect((await readAll(log)).map(({ value }) => value)).to.deep.equal(acknowledged);
      on.fileSystem = fileSystem.kill();
      const again = await open({ ...on, scheduler: new TestScheduler() }, { dirs, defaults: config({ 'segment.bytes': 400 }) });
      expect((await readAll(again.get('t', 0)!)).map(({ value }) => value).slice(0, acknowledged.length)).to.deep.equal(acknowledged);
      await again.close();
    }
  }).timeout(60_000);

  it('remembers where a partition belongs that is not here yet, and refuses directories that are none', async () => {
    const on = rig();
    const manager = await open(on, { dirs: ['/d1', '/d2'] });
    expect(await manager.moveReplica('t', 0, '/d2')).to.equal(ErrorCode.REPLICA_NOT_AVAILABLE);
    expect((await manager.getOrCreate('t', 0, TOPIC_ID)).logDir).to.equal('/d2');
    expect(await manager.moveReplica('t', 0, '/elsewhere')).to.equal(ErrorCode.LOG_DIR_NOT_FOUND);
    expect(await manager.moveReplica('t', 0, 'd1')).to.equal(ErrorCode.LOG_DIR_NOT_FOUND);
    expect(await manager.moveReplica('t', 0, '/d2'), 'it is there').to.equal(0);
    expect([...manager.futureReplicas]).to.deep.equal([]);
    await manager.close();
  });

  it('removes what was copied when the log is deleted, and what an interrupted move left', async () => {
    const on = rig();
    const manager = await open(on, { dirs: ['/d1', '/d2'], moveBytesPerSecondMax: () => 1 });
    const log = await manager.getOrCreate('t', 0, TOPIC_ID);
    await put(log, batchOf(['a']));
    const other = log.logDir === '/d1' ? '/d2' : '/d1';
    await manager.moveReplica('t', 0, other);
    let deleted = false;
    const deletion = manager.delete('t', 0).then(() => (deleted = true));
    await until(() => {
      on.scheduler.advance(1_000_000);
      return deleted;
    });
    await deletion;
    expect((await names(on.fileSystem, other)).filter((name) => name.startsWith('t-'))).to.deep.equal([]);
    await on.fileSystem.makeDirectory('/d2/x-0.00112233445566778899aabbccddeeff-future');
    await manager.close();
    const again = await open({ ...on, scheduler: new TestScheduler() }, { dirs: ['/d1', '/d2'] });
    expect((await names(on.fileSystem, '/d2')).filter((name) => name.startsWith('x-'))).to.deep.equal([]);
    await again.close();
  });
});
