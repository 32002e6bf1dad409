/**
 * The children of a znode with their data, held in memory: reading them asks nobody.
 *
 *     node examples/12-path-cache.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     in memory: nothing
 *     in memory: color=red
 *     in memory: color=red, size=9
 *     in memory: color=blue, size=9
 *     in memory: size=9
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect, text } from './connect.ts';

const PATH = '/example-settings';
const [reader, writer] = await Promise.all([connect(), connect()]);
await clear(writer, PATH);
await writer.create(PATH);

let shown = '';
let wake = (): void => {};
const cache = new recipes.PathCache(reader, PATH, () => {
  const pairs = [...cache.children].map(([name, { data }]) => `${name}=${text(data)}`);
  const now = pairs.sort().join(', ') || 'nothing';
  if (now !== shown) console.log(`in memory: ${now}`);
  shown = now;
  wake();
});
const until = async (wanted: string): Promise<void> => {
  while (shown !== wanted) await new Promise<void>((resolve) => (wake = resolve));
};
await cache.start();
await writer.create(`${PATH}/color`, 'red');
await until('color=red');
await writer.create(`${PATH}/size`, '9');
await until('color=red, size=9');
await writer.setData(`${PATH}/color`, 'blue');
await until('color=blue, size=9');
await writer.delete(`${PATH}/color`);
await until('size=9');
cache.stop();
await clear(writer, PATH);
await Promise.all([reader.close(), writer.close()]);
