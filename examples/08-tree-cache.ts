/**
 * A whole subtree, held in memory and kept up to date by one watch.
 *
 *     node examples/08-tree-cache.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     added /example-tree
 *     added /example-tree/a
 *     added /example-tree/a/b
 *     changed /example-tree/a/b
 *     removed /example-tree/a/b
 *     read from memory: /example-tree/a is 1
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect, text } from './connect.ts';

const PATH = '/example-tree';
const [reader, writer] = await Promise.all([connect(), connect()]);
await clear(writer, PATH);

let last = '';
let wake = (): void => {};
const cache = new recipes.TreeCache(reader, PATH, ({ kind, path }) => {
  last = `${kind} ${path}`;
  console.log(last);
  wake();
});
const until = async (change: string): Promise<void> => {
  while (last !== change) await new Promise<void>((resolve) => (wake = resolve));
};
await cache.start();
await writer.create(PATH);
await until(`added ${PATH}`);
await writer.create(`${PATH}/a`, '1');
await until(`added ${PATH}/a`);
await writer.create(`${PATH}/a/b`, '2');
await until(`added ${PATH}/a/b`);
await writer.setData(`${PATH}/a/b`, '3');
await until(`changed ${PATH}/a/b`);
await writer.delete(`${PATH}/a/b`);
await until(`removed ${PATH}/a/b`);
console.log(`read from memory: ${PATH}/a is ${text(cache.nodes.get(`${PATH}/a`)!.data)}`);
await cache.stop();
await clear(writer, PATH);
await Promise.all([reader.close(), writer.close()]);
