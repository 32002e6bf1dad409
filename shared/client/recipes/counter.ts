/**
 * A number that many sessions count on: each addition takes effect exactly once. It is written with the version that it was
 * read at, so that two who add at once don't overwrite each other. In the same transaction the writer notes that version on an
 * ephemeral znode of its own: a receipt, by which it knows after a broken line whether its addition took effect.
 */
import { CreateMode } from '../../znode/create-mode.ts';
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { setDataOp } from '../ops.ts';
import { childOf, createTagged, ensurePath, hasCode, retried } from './sequence.ts';

const decoder = new TextDecoder();

export class Counter {
  private readonly client: CoordinatorClient;
  private readonly path: string;
  private receipt: Promise<string> | null = null;
  /** The last addition under way: those of one counter follow each other, because they share a receipt. */
  private last: Promise<unknown> = Promise.resolve();

  /** @param path a znode whose data is the number as decimal text, and whose children are the writers' receipts. */
  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** 0 while nobody has added anything. */
  async value(): Promise<number> {
    return (await this.read()).value;
  }

  /** Adds (a negative number takes away); returns the sum. */
  add(amount: number): Promise<number> {
    if (!Number.isSafeInteger(amount)) return Promise.reject(new RangeError(`Cannot add ${amount}: expected a whole number`));
    const result = this.last.then(() => this.addNow(amount));
    this.last = result.catch(() => undefined); // its caller hears of it; the next one starts afresh
    return result;
  }

  private async addNow(amount: number): Promise<number> {
    this.receipt ??= this.makeReceipt();
    let receipt: string;
    try {
      receipt = await this.receipt;
    } catch (error) {
      this.receipt = null;
      throw error;
    }
    for (;;) {
      const { value, version } = await this.read();
      const sum = value + amount;
      if (!Number.isSafeInteger(sum)) throw new RangeError(`${value} + ${amount} is out of the range of whole numbers`);
      try {
        await this.client.multi([setDataOp(this.path, String(sum), version), setDataOp(receipt, String(version))]);
        return sum;
      } catch (error) {
        if (hasCode(error, ErrorCode.BADVERSION)) continue; // somebody was faster
        if (!hasCode(error, ErrorCode.CONNECTIONLOSS)) throw error;
        if (await this.hasReceipt(receipt, version)) return sum;
      }
    }
  }

  private async makeReceipt(): Promise<string> {
    // Not a container, which would go with the last receipt.
    await ensurePath(this.client, this.path, CreateMode.PERSISTENT);
    return childOf(this.path, await createTagged(this.client, this.path, 'receipt', null, CreateMode.EPHEMERAL_SEQUENTIAL));
  }

  private async hasReceipt(receipt: string, version: number): Promise<boolean> {
    await retried(() => this.client.sync(this.path));
    const { data } = await retried(() => this.client.getData(receipt));
    return data !== null && decoder.decode(data) === String(version);
  }

  private async read(): Promise<{ value: number; version: number }> {
    try {
      const { data, stat } = await retried(() => this.client.getData(this.path));
      const text = data === null ? '0' : decoder.decode(data);
      const value = Number(text);
      if (text === '' || !Number.isSafeInteger(value)) throw new Error(`The data of ${this.path} is "${text}", expected a whole number`);
      return { value, version: stat.version };
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE)) return { value: 0, version: -1 };
      throw error;
    }
  }
}
