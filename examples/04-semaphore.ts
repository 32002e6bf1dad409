/**
 * Six workers, but a service that bears two at a time.
 *
 *     node examples/04-semaphore.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     6 workers were served, at most 2 at a time
 */
import { setTimeout as delay } from 'node:timers/promises';
import { recipes } from '../shared/client/index.ts';
import { clear, connect } from './connect.ts';

const PATH = '/example-semaphore';
const workers = await Promise.all(Array.from({ length: 6 }, connect));
let inside = 0;
let most = 0;
let served = 0;
await Promise.all(
  workers.map((client) =>
    new recipes.Semaphore(client, PATH, 2).run(async () => {
      most = Math.max(most, ++inside);
      await delay(200);
      inside--;
      served++;
    }),
  ),
);
console.log(`${served} workers were served, at most ${most} at a time`);
await clear(workers[0]!, PATH);
await Promise.all(workers.map((client) => client.close()));
