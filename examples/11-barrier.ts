/**
 * A gate: two clients wait while it is closed, and go on together when it is opened.
 *
 *     node examples/11-barrier.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     the gate is closed
 *     2 wait
 *     the gate is open
 *     2 went through
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect } from './connect.ts';

const PATH = '/example-gate';
const [keeper, ...guests] = await Promise.all([connect(), connect(), connect()]);
await clear(keeper, PATH);

const gate = new recipes.Barrier(keeper, PATH);
await gate.raise();
console.log('the gate is closed');
let through = 0;
const waiting = guests.map(async (client) => {
  await new recipes.Barrier(client, PATH).wait();
  through++;
});
// Each has looked at the gate once it answers something that was asked later.
await Promise.all(guests.map((client) => client.exists('/')));
console.log(`${guests.length - through} wait`);
console.log('the gate is open');
await gate.lower();
await Promise.all(waiting);
console.log(`${through} went through`);
await Promise.all([keeper, ...guests].map((client) => client.close()));
