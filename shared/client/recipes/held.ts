/**
 * What a session holds by a znode of its own: a lock, the leadership, a lease, a seat in a group. It is held until it is released or
 * the session ends, and a holder that is cut off can't know how the servers see that. So `lost` fires in good time: a third
 * of the session timeout after the line broke, which is the least that a session has left then.
 */
import { ErrorCode } from '../../znode/error-code.ts';
import type { CoordinatorClient } from '../client.ts';
import { CoordinatorError } from '../errors.ts';
import { giveUp, hasCode, retried } from './sequence.ts';

export class Held {
  /** Of the ephemeral znode that stands for it. */
  readonly path: string;
  private readonly client: CoordinatorClient;
  private readonly controller = new AbortController();
  private readonly stops: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private released = false;

  constructor(client: CoordinatorClient, path: string) {
    this.client = client;
    this.path = path;
    const over = (): void => this.lose('the session is over');
    this.stops.push(
      client.on('expired', over),
      client.on('closed', over),
      client.on('authFailed', over),
      client.on('disconnected', () => this.startTimer()),
      client.on('connected', () => clearTimeout(this.timer)),
    );
    if (client.state === 'CONNECTING') this.startTimer();
    void this.guard();
  }

  /** Fires when it is no longer certain that this is held; stop at once what needs it. Never after `release`. */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Gives it back; the next in line gets it. Calling it again, or when it is lost, does nothing. */
  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    this.stopListening();
    await giveUp(this.client, this.path);
  }

  /** Runs `work` with this, and releases it whatever comes of it. */
  async use<T>(work: (lost: AbortSignal) => Promise<T> | T): Promise<T> {
    try {
      return await work(this.lost);
    } finally {
      await this.release();
    }
  }

  private startTimer(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lose('the coordinator cannot be reached'), this.client.sessionTimeoutMs / 3);
  }

  /** Notices when somebody deletes the znode of a living session. */
  private async guard(): Promise<void> {
    try {
      await retried(() => this.client.getData(this.path, { watch: () => !this.released && void this.guard() }));
    } catch (error) {
      this.lose(hasCode(error, ErrorCode.NONODE) ? 'its znode was deleted' : (error as Error).message);
    }
  }

  private lose(why: string): void {
    if (this.released || this.lost.aborted) return;
    this.stopListening();
    this.controller.abort(new CoordinatorError(ErrorCode.SESSIONEXPIRED, this.path, { message: `${this.path} is no longer held: ${why}` }));
  }

  private stopListening(): void {
    clearTimeout(this.timer);
    for (const stop of this.stops.splice(0)) stop();
  }
}
