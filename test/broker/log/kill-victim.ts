/**
 * A process that writes to a log until it is killed: `node kill-victim.ts DIRECTORY`. Prints `partition offset value` for
 * each record that was acknowledged, which is after it was.
 */
import { defaultLogConfig, logConfigFrom } from '../../../broker/log/log-config.ts';
import { LogManager } from '../../../broker/log/log-manager.ts';
import { batchOf, put } from './support.ts';

const [directory = ''] = process.argv.slice(2);
const manager = await LogManager.open({
  dirs: [directory],
  brokerId: 1,
  clusterId: 'test',
  defaults: logConfigFrom(defaultLogConfig, { 'segment.bytes': '20000' }),
  recoveryPointCheckpointIntervalMs: 5,
});

async function write(partition: number): Promise<void> {
  const log = await manager.getOrCreate('t', partition, 'z1kEJjtzQFGK8QGLdNU5yA');
  for (let n = 0; ; n++) {
    const values = Array.from({ length: 1 + (n % 3) }, (_, index) =>
      `p${partition}.${n}.${index}.`.padEnd(50 + ((n * 37) % 400), 'x'),
    );
    const baseOffset = await put(log, batchOf(values));
    process.stdout.write(values.map((value, index) => `${partition} ${baseOffset + index} ${value}\n`).join(''));
    if (n % 50 === 0) void log.flush();
  }
}

await Promise.all([0, 1, 2].map(write));
