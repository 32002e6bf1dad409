/**
 * Two sessions take turns at a balance that neither may touch while the other does.
 *
 *     node examples/03-lock.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     100 deposits of 1 by two sessions: the balance is 100
 *     without the lock, some would have been lost
 *
 * `run` takes the lock and gives it back whatever happens. Work that takes long should stop when `lost` fires: the session
 * may be over, and the lock somebody else's.
 */
import type { CoordinatorClient } from '../shared/client/index.ts';
import { recipes } from '../shared/client/index.ts';
import { clear, connect, text } from './connect.ts';

const BALANCE = '/example-balance';
const LOCK = '/example-lock';
const sessions = [await connect(), await connect()];
const [client] = sessions as [CoordinatorClient];
await clear(client, BALANCE);
await client.create(BALANCE, '0');

async function deposit(session: CoordinatorClient): Promise<void> {
  await new recipes.Lock(session, LOCK).run(async (lost) => {
    const balance = Number(text((await session.getData(BALANCE)).data));
    lost.throwIfAborted();
    await session.setData(BALANCE, String(balance + 1));
  });
}
await Promise.all(sessions.flatMap((session) => Array.from({ length: 50 }, () => deposit(session))));
console.log(`100 deposits of 1 by two sessions: the balance is ${text((await client.getData(BALANCE)).data)}`);
console.log('without the lock, some would have been lost');
await Promise.all([BALANCE, LOCK].map((path) => clear(client, path)));
await Promise.all(sessions.map((session) => session.close()));
