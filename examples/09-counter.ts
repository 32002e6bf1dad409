/**
 * Four sessions count together, without a lock, and each addition counts once.
 *
 *     node examples/09-counter.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     4 sessions added 1 25 times each: 100
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect } from './connect.ts';

const PATH = '/example-counter';
const sessions = await Promise.all(Array.from({ length: 4 }, connect));
await clear(sessions[0]!, PATH);
await Promise.all(
  sessions.flatMap((client) => {
    const counter = new recipes.Counter(client, PATH);
    return Array.from({ length: 25 }, () => counter.add(1));
  }),
);
console.log(`4 sessions added 1 25 times each: ${await new recipes.Counter(sessions[0]!, PATH).value()}`);
await Promise.all(sessions.slice(1).map((client) => client.close()));
await clear(sessions[0]!, PATH);
await sessions[0]!.close();
