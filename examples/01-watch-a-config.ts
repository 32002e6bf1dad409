/**
 * A program hears of a changed configuration without asking for it.
 *
 *     node examples/01-watch-a-config.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     the program starts with colour=blue
 *     the operator writes colour=green
 *     the program goes on with colour=green
 *     the operator writes colour=red
 *     the program goes on with colour=red
 *
 * A watch fires once. So the program sets the next one with the reading that tells it the new value: whatever is written after
 * that reading fires again, and nothing is missed.
 */
import { clear, connect, text } from './connect.ts';

const PATH = '/example-config';
const operator = await connect();
const program = await connect();
await clear(operator, PATH);
await operator.create(PATH, 'colour=blue');

let changed: Promise<void>;
async function readConfig(): Promise<string> {
  let fire: () => void;
  changed = new Promise((resolve) => (fire = resolve));
  const { data } = await program.getData(PATH, { watch: () => fire() });
  return text(data);
}

console.log(`the program starts with ${await readConfig()}`);
for (const colour of ['green', 'red']) {
  console.log(`the operator writes colour=${colour}`);
  await operator.setData(PATH, `colour=${colour}`);
  await changed!;
  console.log(`the program goes on with ${await readConfig()}`);
}
await clear(operator, PATH);
await Promise.all([operator.close(), program.close()]);
