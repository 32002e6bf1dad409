/**
 * One znode and 1,000 watchers, each on a connection of its own: the znode is set, and all have to hear of it. Then they
 * read it again, which arms the next watch. Counted are events, over the time from the set to the last one.
 */
import { Connection } from './connection.ts';
import { frame, OP, record } from './frames.ts';
import { sampled, type Measured } from './sample.ts';
import { dataOf, WATCHED } from './workloads.ts';

const WATCHERS = 1_000;
const EVENT_XID = -1;
const DATA_CHANGED = 3;

export async function driveWatches(ports: readonly number[], durationMs: number): Promise<Measured> {
  const setter = await Connection.open(ports[0]!);
  const watchers: Connection[] = [];
  const latencies: number[] = [];
  let failed: (error: Error) => void = () => undefined;
  let arrived: () => void = () => undefined;
  let armed = 0;
  let heard = 0;
  let setMs = 0;
  for (let i = 0; i < WATCHERS; i++) {
    const watcher = await Connection.open(ports[i % ports.length]!, { receiveBytes: 4096 });
    watcher.onFailure = (error) => failed(error);
    watcher.onFrame = (bytes, start, end) => {
      if (bytes.readInt32BE(start) !== EVENT_XID) {
        if (bytes.readInt32BE(start + 12) !== 0) failed(new Error('A watch could not be set'));
        armed++;
      } else {
        latencies.push(performance.now() - setMs);
        const path = bytes.toString('latin1', start + 28, end);
        if (bytes.readInt32BE(start + 16) !== DATA_CHANGED || path !== WATCHED) failed(new Error(`A wrong event about "${path}"`));
        heard++;
      }
      arrived();
    };
    watchers.push(watcher);
  }
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      failed = reject;
      arrived = () => {
        if (condition()) resolve();
      };
      arrived();
    });
  const watch = frame(OP.getData, record.read(WATCHED, true), 1);
  let seconds = 0;
  for (const untilMs = performance.now() + durationMs; performance.now() < untilMs; ) {
    armed = 0;
    heard = 0;
    for (const watcher of watchers) watcher.send(watch);
    await until(() => armed === WATCHERS);
    setMs = performance.now();
    const allHeard = until(() => heard === WATCHERS);
    await setter.ask(OP.setData, record.setData(WATCHED, dataOf(0)));
    await allHeard;
    seconds += (performance.now() - setMs) / 1000;
  }
  return { ...sampled(latencies, latencies.length, seconds), after: async () => {
    for (const connection of [setter, ...watchers]) await connection.close();
  } };
}
