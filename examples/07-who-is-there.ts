/**
 * A group knows its members, and hears who comes and goes.
 *
 *     node examples/07-who-is-there.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     there: nobody
 *     there: host-1 (port 8001)
 *     there: host-1 (port 8001), host-2 (port 8002)
 *     there: host-2 (port 8002)
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect, text } from './connect.ts';

const PATH = '/example-group';
const [onlooker, first, second] = await Promise.all([connect(), connect(), connect()]);
await clear(onlooker, PATH);

let shown = '';
let wake = (): void => {};
const stop = await new recipes.GroupMembership(onlooker, PATH).watch((members) => {
  const list = [...members].map(([name, { data }]) => `${name} (${text(data)})`).sort();
  const line = `there: ${list.join(', ') || 'nobody'}`;
  if (line !== shown) console.log(line);
  shown = line;
  wake();
});
const until = async (part: string): Promise<void> => {
  while (!shown.endsWith(part)) await new Promise<void>((resolve) => (wake = resolve));
};
const seat = await new recipes.GroupMembership(first, PATH).join('host-1', 'port 8001');
await until('host-1 (port 8001)');
await new recipes.GroupMembership(second, PATH).join('host-2', 'port 8002');
await until('host-1 (port 8001), host-2 (port 8002)');
await seat.release();
await until('there: host-2 (port 8002)');
stop();
await second.close();
await clear(onlooker, PATH);
await Promise.all([onlooker.close(), first.close()]);
