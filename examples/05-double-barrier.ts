/**
 * Three workers begin together and end together, however long each one takes.
 *
 *     node examples/05-double-barrier.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     3 are there: all begin
 *     3 are done: all leave
 */
import { setTimeout as delay } from 'node:timers/promises';
import { recipes } from '../shared/client/index.ts';
import { clear, connect } from './connect.ts';

const PATH = '/example-barrier';
const workers = await Promise.all(Array.from({ length: 3 }, connect));
await clear(workers[0]!, PATH);
let there = 0;
let done = 0;
const said = new Set<string>();
const sayOnce = (line: string): void => {
  if (!said.has(line)) console.log(line);
  said.add(line);
};
await Promise.all(
  workers.map(async (client, i) => {
    const barrier = new recipes.DoubleBarrier(client, PATH, workers.length);
    await delay(i * 50);
    there++;
    await barrier.enter();
    sayOnce(`${there} are there: all begin`);
    await delay(i * 50);
    done++;
    await barrier.leave();
    sayOnce(`${done} are done: all leave`);
  }),
);
await clear(workers[0]!, PATH);
await Promise.all(workers.map((client) => client.close()));
