import { copyFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { SqliteTxnLog } from '../../../coordinator/store/sqlite-txn-log.ts';
import { StoreError } from '../../../coordinator/store/txn-log.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

interface Opened {
  log: SqliteTxnLog;
  /** Resolves once everything up to `zxid` is durable. */
  durable(zxid: number): Promise<void>;
  reported: number[];
}

async function open(dir: string, more: { sizeMax?: number; stalled?: (state: boolean) => void } = {}): Promise<Opened> {
  const reported: number[] = [];
  const waiting: { zxid: number; resolve(): void; reject(error: Error): void }[] = [];
  const log = await SqliteTxnLog.open(
    { dir, forceSync: true, ...(more.sizeMax === undefined ? {} : { sizeMax: more.sizeMax }) },
    {
      durable: (zxid) => {
        reported.push(zxid);
        for (const wait of waiting) if (wait.zxid <= zxid) wait.resolve();
      },
      failed: (error) => waiting.forEach((wait) => wait.reject(error)),
      stalled: (state) => more.stalled?.(state),
    },
  );
  const durable = (zxid: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (reported.some((known) => known >= zxid)) resolve();
      else waiting.push({ zxid, resolve, reject });
    });
  return { log, durable, reported };
}

const batch = (firstZxid: number, lastZxid: number, text: string): { firstZxid: number; lastZxid: number; body: Buffer } => ({
  firstZxid,
  lastZxid,
  body: Buffer.from(text),
});

async function bodies(log: SqliteTxnLog, afterZxid = 0): Promise<string[]> {
  const found: string[] = [];
  await log.read(afterZxid, (body) => found.push(body.toString()));
  return found;
}

async function refusal(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(StoreError);
  return error as StoreError;
}

describe('SqliteTxnLog', () => {
  afterEach(removeTempDirs);

  /** Appends until the WAL has got its length, from when on the thread waits for messages outside its event loop. */
  async function lengthened(dir: string, { log, durable }: Opened): Promise<number> {
    for (let zxid = 1; ; zxid++) {
      log.append(batch(zxid, zxid, `txn ${zxid}`));
      await durable(zxid);
      if (statSync(join(dir, 'txnlog.sqlite-wal')).size >= 16 << 20) return zxid;
    }
  }

  it('has all that was durable, and no more, when its WAL was made longer before it was needed', async () => {
    const dir = tempDir();
    const first = await open(dir);
    const last = await lengthened(dir, first);
    // As a process that dies leaves the files: taken while the log is open, the empty end of the WAL included.
    const copy = tempDir();
    for (const name of ['txnlog.sqlite', 'txnlog.sqlite-wal']) copyFileSync(join(dir, name), join(copy, name));
    await first.log.close();
    for (const folder of [dir, copy]) {
      const { log } = await open(folder);
      expect(await bodies(log)).to.deep.equal(Array.from({ length: last }, (_, i) => `txn ${i + 1}`));
      await log.close();
    }
  });

  it('takes all kinds of messages in their order while batches keep coming, and after none came for a while', async () => {
    const dir = tempDir();
    const opened = await open(dir);
    const { log, durable } = opened;
    const start = await lengthened(dir, opened);
    // More rows than are deleted at a time.
    for (let zxid = start + 1; zxid <= start + 1200; zxid++) log.append(batch(zxid, zxid, `txn ${zxid}`));
    log.prune(start + 1100);
    const set = log.setMeta('key', 'value');
    for (let zxid = start + 1201; zxid <= start + 1300; zxid++) log.append(batch(zxid, zxid, `txn ${zxid}`));
    await set;
    await durable(start + 1300);
    // Longer than the thread waits for the next batch outside its event loop.
    await delay(1200);
    log.append(batch(start + 1301, start + 1301, 'late'));
    await durable(start + 1301);
    expect((await bodies(log, start + 1290)).at(-1)).to.equal('late');
    await log.close();
    const again = await open(dir);
    expect(again.log.meta.get('key')).to.equal('value');
    expect((await bodies(again.log))[0]).to.equal(`txn ${start + 1101}`);
    await again.log.close();
  });

  it('gives history from the end of a batch on, and says when it does not reach back', async () => {
    const { log, durable } = await open(tempDir());
    log.appendAll([batch(1, 3, 'aaa'), batch(4, 4, 'bbb')]);
    log.append(batch(5, 9, 'ccc'));
    await durable(9);
    const history = async (after: number, bytesMax = 1 << 20) => {
      const found = await log.history(after, bytesMax);
      return found === null ? null : [found.fromZxid, ...found.batches.map(({ firstZxid, lastZxid, body }) => `${firstZxid}-${lastZxid} ${Buffer.from(body)}`)];
    };
    expect(await history(0)).to.deep.equal([0, '1-3 aaa', '4-4 bbb', '5-9 ccc']);
    expect(await history(0, 1)).to.deep.equal([0, '1-3 aaa']);
    expect(await history(2), 'in the middle of a batch').to.deep.equal([0, '1-3 aaa', '4-4 bbb', '5-9 ccc']);
    expect(await history(4)).to.deep.equal([4, '5-9 ccc']);
    expect(await history(9)).to.deep.equal([9]);
    log.prune(4);
    expect(await history(4)).to.deep.equal([4, '5-9 ccc']);
    expect(log.floorZxid).to.equal(4);
    expect(await history(3)).to.equal(null);
    await log.close();
  });

  it('forgets its end, or everything for a snapshot, and knows where it begins after a restart', async () => {
    const dir = tempDir();
    const first = await open(dir);
    first.log.appendAll([batch(1, 3, 'a'), batch(4, 4, 'b'), batch(5, 5, 'c')]);
    await first.log.setMetas([['epoch', '7'], ['install', '99']]);
    await first.log.truncate(3);
    expect(await bodies(first.log)).to.deep.equal(['a']);
    first.log.append(batch(4, 6, 'd'));
    await first.durable(6);
    expect(await bodies(first.log)).to.deep.equal(['a', 'd']);
    await first.log.replaceBySnapshot(99, 'install');
    first.log.append(batch(100, 101, 'e'));
    await first.durable(101);
    await first.log.close();
    const { log } = await open(dir);
    expect([...log.meta].filter(([key]) => key !== 'log-floor')).to.deep.equal([['epoch', '7']]);
    expect(log.floorZxid).to.equal(99);
    expect(await bodies(log)).to.deep.equal(['e']);
    expect(await log.history(50, 1)).to.equal(null);
    await log.close();
  });

  it('reports batches in order and has them after it was opened again', async () => {
    const dir = tempDir();
    const { log, durable, reported } = await open(dir);
    log.append(batch(1, 2, 'one'));
    log.append(batch(3, 3, 'two'));
    log.append(batch(4, 9, 'three'));
    await durable(9);
    expect(reported).to.deep.equal([2, 3, 9]);
    await log.setMeta('key', 'value');
    await log.close();
    const again = (await open(dir)).log;
    expect(again.meta.get('key')).to.equal('value');
    expect(await bodies(again)).to.deep.equal(['one', 'two', 'three']);
    // A batch that begins before and ends after is handed out whole.
    expect(await bodies(again, 5)).to.deep.equal(['three']);
    expect(again.size()).to.be.greaterThan(0);
    await again.close();
  });

  it('makes everything durable that was appended before it is closed', async () => {
    const dir = tempDir();
    const { log } = await open(dir);
    for (let zxid = 1; zxid <= 200; zxid++) log.append(batch(zxid, zxid, `txn ${zxid}`));
    await log.close();
    const again = (await open(dir)).log;
    expect(await bodies(again)).to.have.length(200);
    await again.close();
  });

  it('reads more than one piece', async () => {
    const dir = tempDir();
    const { log, durable } = await open(dir);
    const large = 'x'.repeat(700_000);
    for (let zxid = 1; zxid <= 5; zxid++) log.append(batch(zxid, zxid, large + zxid));
    await durable(5);
    expect((await bodies(log)).map((body) => body.at(-1))).to.deep.equal(['1', '2', '3', '4', '5']);
    await log.close();
  });

  it('forgets what a snapshot covers, and only that', async () => {
    const { log, durable } = await open(tempDir());
    log.append(batch(1, 5, 'covered'));
    log.append(batch(6, 10, 'half covered'));
    log.append(batch(11, 12, 'new'));
    await durable(12);
    log.prune(8);
    expect(await bodies(log)).to.deep.equal(['half covered', 'new']);
    await log.close();
  });

  it('refuses a folder that is in use, and takes it once it is free', async () => {
    const dir = tempDir();
    const { log } = await open(dir);
    const error = await refusal(open(dir));
    expect(error.code).to.equal('STORE_LOCKED');
    expect(error.message).to.contain(dir);
    await log.close();
    await (await open(dir)).log.close();
  });

  it('refuses a schema of another version, and a file that is no database', async () => {
    const newer = tempDir();
    await (await open(newer)).log.close();
    const db = new Database(join(newer, 'txnlog.sqlite'));
    db.pragma('user_version = 99');
    db.close();
    expect((await refusal(open(newer))).message).to.match(/schema 99, this build reads 1/);

    const noise = tempDir();
    writeFileSync(join(noise, 'txnlog.sqlite'), 'not a database at all '.repeat(500));
    expect((await refusal(open(noise))).code).to.equal('STORE_DAMAGED');
  });

  it('refuses a file that was cut off', async () => {
    const dir = tempDir();
    const { log, durable } = await open(dir);
    for (let zxid = 1; zxid <= 200; zxid++) log.append(batch(zxid, zxid, 'x'.repeat(1000)));
    await durable(200);
    await log.close();
    const file = join(dir, 'txnlog.sqlite');
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const error = await refusal(open(dir).then(({ log: cut }) => cut.read(0, () => undefined)));
    expect(error.code).to.equal('STORE_DAMAGED');
    expect(error.message).to.contain(dir);
  });

  it('refuses to read a damaged batch', async () => {
    const dir = tempDir();
    const { log, durable } = await open(dir);
    log.append(batch(1, 1, 'a body'));
    await durable(1);
    await log.close();
    const db = new Database(join(dir, 'txnlog.sqlite'));
    db.exec("UPDATE txn_batch SET body = CAST('b body' AS BLOB)");
    db.close();
    const again = (await open(dir)).log;
    expect((await refusal(again.read(0, () => undefined))).message).to.match(/zxid 0x1 is damaged/);
    await again.close();
  });

  describe('on a full disk', () => {
    /** A log that has room for about 200 KB, and what it told of being stalled. */
    async function openSmall(dir: string): Promise<Opened & { stalled: boolean[]; untilStalled(state: boolean): Promise<void> }> {
      const stalled: boolean[] = [];
      let wake = (): void => undefined;
      const opened = await open(dir, {
        sizeMax: 200_000,
        stalled: (state) => {
          stalled.push(state);
          wake();
        },
      });
      const untilStalled = async (state: boolean): Promise<void> => {
        while (stalled.at(-1) !== state) await new Promise<void>((resolve) => (wake = resolve));
      };
      return { ...opened, stalled, untilStalled };
    }
    const body = 'x'.repeat(50_000);

    it('waits, says so once, and goes on in order when there is room', async () => {
      const dir = tempDir();
      const { log, durable, reported, stalled, untilStalled } = await openSmall(dir);
      for (let zxid = 1; zxid <= 6; zxid++) log.append(batch(zxid, zxid, body + zxid));
      await untilStalled(true);
      expect(reported).to.deep.equal([1, 2, 3]);
      // A snapshot makes room; the log needs no timer to notice.
      log.prune(3);
      await durable(6);
      expect(stalled).to.deep.equal([true, false]);
      expect(reported).to.deep.equal([1, 2, 3, 4, 5, 6]);
      await log.close();
      const again = (await open(dir)).log;
      expect((await bodies(again)).map((text) => text.at(-1))).to.deep.equal(['4', '5', '6']);
      await again.close();
    });

    it('has facts wait for room too, in their order', async () => {
      const { log, durable } = await openSmall(tempDir());
      for (let zxid = 1; zxid <= 3; zxid++) log.append(batch(zxid, zxid, body));
      await durable(3);
      const done: string[] = [];
      const large = log.setMetas([['large', body]]).then(() => done.push('large'));
      const small = log.setMetas([['small', 'x']]).then(() => done.push('small'));
      expect(await log.history(0, 1), 'reads go on').to.deep.include({ fromZxid: 0 });
      expect(done).to.deep.equal([]);
      log.prune(3);
      await Promise.all([large, small]);
      expect(done).to.deep.equal(['large', 'small']);
      await log.close();
    });

    it('gives up what nobody was told of when it is closed', async () => {
      const dir = tempDir();
      const { log, untilStalled } = await openSmall(dir);
      for (let zxid = 1; zxid <= 5; zxid++) log.append(batch(zxid, zxid, body + zxid));
      await untilStalled(true);
      await log.close();
      const again = (await open(dir)).log;
      expect((await bodies(again)).map((text) => text.at(-1))).to.deep.equal(['1', '2', '3']);
      await again.close();
    });
  });

  it('refuses a path that is no folder', async () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    expect((await refusal(open(join(file, 'data')))).code).to.equal('STORE_IO');
  });
});
