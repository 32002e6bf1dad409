import { expect } from 'chai';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createPrng } from '../../../shared/base/prng.ts';
import { defaultLogConfig } from '../../../broker/log/log-config.ts';
import { LogManager, LogStartError } from '../../../broker/log/log-manager.ts';
import { RecordingLogger, readAll } from './support.ts';

/**
 * Kills the writer once it has acknowledged so many records more, and returns the acknowledged ones by partition and offset.
 */
async function writeAndKill(directory: string, acknowledgedMin: number): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  const writer = spawn(process.execPath, [path.join(import.meta.dirname, 'kill-victim.ts'), directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, VIVARIUM_LOG_LEVEL: 'silent', NODE_NO_WARNINGS: '1' },
  });
  let complaint = '';
  writer.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  for await (const line of createInterface({ input: writer.stdout })) {
    const match = /^(\d+ \d+) (p\S+)$/.exec(line);
    // The pipe may end within a line: that record was not announced.
    if (match !== null && match[2]!.length >= 50) acknowledged.set(match[1]!, match[2]!);
    if (acknowledged.size === acknowledgedMin) writer.kill('SIGKILL');
  }
  expect(complaint).to.equal('');
  return acknowledged;
}

describe('a log whose process is killed', () => {
  let directory: string;
  beforeEach(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'vivarium-kill-'))));
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  it('has everything that was acknowledged, round after round', async () => {
    const prng = createPrng(4711);
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < 4; round++) {
      for (const [key, value] of await writeAndKill(directory, 200 + prng.int(1500))) acknowledged.set(key, value);
      const manager = await LogManager.open({
        dirs: [directory],
        brokerId: 1,
        clusterId: 'test',
        defaults: defaultLogConfig,
        logger: new RecordingLogger(),
      });
      const found = new Map<string, string>();
      for (const log of manager.allLogs) {
        const records = await readAll(log, 0, 100_000);
        expect(records.map((record) => record.offset)).to.deep.equal(records.map((_, offset) => offset));
        for (const { offset, value } of records) found.set(`${log.partition} ${offset}`, value);
      }
      for (const [key, value] of acknowledged) {
        // The last line of a killed process may be cut off: what is there has to agree.
        expect(found.get(key)?.startsWith(value), `record ${key} of ${found.size}, after round ${round}`).to.equal(true);
      }
      await (round % 2 === 0 ? manager.abandon() : manager.close());
    }
    expect(acknowledged.size).to.be.above(2000);
  });

  it('locks out a second process, until the first is gone', async () => {
    const writer = spawn(process.execPath, [path.join(import.meta.dirname, 'kill-victim.ts'), directory], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, VIVARIUM_LOG_LEVEL: 'silent', NODE_NO_WARNINGS: '1' },
    });
    const options = {
      dirs: [directory],
      brokerId: 1,
      clusterId: 'test',
      defaults: defaultLogConfig,
      logger: new RecordingLogger(),
    };
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    writer.stdout.resume();
    const error = await LogManager.open(options).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(LogStartError);
    expect((error as Error).message).to.equal(
      `Failed to acquire lock on file .lock in ${directory}. A Kafka instance in another process or thread is using this directory.`,
    );
    const gone = new Promise((resolve) => writer.once('exit', resolve));
    writer.kill('SIGKILL');
    await gone;
    await (await LogManager.open(options)).close();
  });
});
