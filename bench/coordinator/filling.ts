/** Fills a server with znodes of 100 bytes: a thousand under each parent, by multis, several at a time. */
import { Connection } from './connection.ts';
import { digits, OP, record } from './frames.ts';
import { dataOf } from './workloads.ts';

const CHILDREN = 1_000;
const MULTI_OPS = 250;
const AT_ONCE = 8;

/** Makes the parents numbered `first` to `last` (not included) with their children. */
async function fillParents(connection: Connection, first: number, last: number): Promise<void> {
  for (let parent = first; parent < last; parent++) {
    const path = `/p${digits(parent)}`;
    await connection.ask(OP.create, record.create(path, dataOf(parent)));
    for (let child = 0; child < CHILDREN; child += MULTI_OPS) {
      const ops = Array.from({ length: MULTI_OPS }, (_, i) => [OP.create, record.create(`${path}/c${digits(child + i)}`, dataOf(child + i))] as const);
      await connection.ask(OP.multi, record.multi(ops));
    }
  }
}

/** Adds znodes until there are `count` besides parents, of which `before` are there. Both are multiples of a thousand. */
export async function fill(port: number, before: number, count: number): Promise<void> {
  const first = before / CHILDREN;
  const step = Math.ceil((count - before) / CHILDREN / AT_ONCE);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, i) => {
      const connection = await Connection.open(port);
      await fillParents(connection, first + i * step, Math.min(first + (i + 1) * step, count / CHILDREN));
      await connection.close();
    }),
  );
}
