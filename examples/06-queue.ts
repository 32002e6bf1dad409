/**
 * Jobs that are put into a queue are each done once, by whichever worker is free.
 *
 *     node examples/06-queue.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     put job 1, job 2, job 3, job 4
 *     done: job 1, job 2, job 3, job 4
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect, text } from './connect.ts';

const PATH = '/example-queue';
const [foreman, ...workers] = await Promise.all(Array.from({ length: 3 }, connect));
await clear(foreman!, PATH);

const done: string[] = [];
const working = workers.flatMap((client) => {
  const queue = new recipes.Queue(client, PATH);
  return [queue, queue].map(async () => done.push(text(await queue.take())));
});
const jobs = ['job 1', 'job 2', 'job 3', 'job 4'];
for (const job of jobs) await new recipes.Queue(foreman!, PATH).put(job);
console.log(`put ${jobs.join(', ')}`);
await Promise.all(working);
console.log(`done: ${done.toSorted().join(', ')}`);
await clear(foreman!, PATH);
await Promise.all([foreman!, ...workers].map((client) => client.close()));
