import { expect } from 'chai';
import { EventQueue } from '../../../broker/controller/event-queue.ts';

describe('EventQueue', () => {
  let done: string[];
  let failed: (string | null)[];
  let queue: EventQueue;
  beforeEach(() => {
    [done, failed] = [[], []];
    queue = new EventQueue((_, key) => failed.push(key));
  });
  const put = (name: string, key: string | null = null, dropped?: () => void): void =>
    queue.put(
      key,
      async () => {
        await Promise.resolve();
        done.push(name);
      },
      dropped,
    );

  it('runs one event after the other, in order', async () => {
    put('a');
    put('b');
    queue.put(null, async () => void put('d'));
    put('c');
    await queue.idle();
    expect(done).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('takes an event with a key once while it waits, and again once it has begun', async () => {
    queue.put('k', async () => put('again', 'k'));
    put('never', 'k');
    put('other', 'l');
    await queue.idle();
    expect(done).to.deep.equal(['other', 'again']);
  });

  it('tells of failures and goes on', async () => {
    queue.put('bad', () => Promise.reject(new Error('no')));
    put('good');
    await queue.idle();
    expect([done, failed]).to.deep.equal([['good'], ['bad']]);
  });

  it('tells those that are dropped', async () => {
    put('a');
    put('b', 'k', () => done.push('b dropped'));
    queue.clear();
    put('c', 'k');
    await queue.idle();
    expect(done).to.deep.equal(['b dropped', 'c']);
  });
});
