/**
 * Readers look together, a writer works alone.
 *
 *     node examples/10-read-write-lock.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     2 readers at once
 *     the writer is alone
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect } from './connect.ts';

const PATH = '/example-read-write-lock';
const [first, second, writer] = await Promise.all([connect(), connect(), connect()]);
await clear(writer, PATH);
const reading = [
  await new recipes.ReadWriteLock(first, PATH).acquireRead(),
  await new recipes.ReadWriteLock(second, PATH).acquireRead(),
];
console.log(`${reading.length} readers at once`);
const writing = new recipes.ReadWriteLock(writer, PATH).write(() => console.log('the writer is alone'));
await Promise.all(reading.map((held) => held.release()));
await writing;
await clear(writer, PATH);
await Promise.all([first, second, writer].map((client) => client.close()));
