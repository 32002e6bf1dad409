/** Waits for a watch: until it fires, the session is over, or the caller has had enough. */
import { ErrorCode } from '../../znode/error-code.ts';
import { WatcherType } from '../../znode/watch-event.ts';
import type { CoordinatorClient, WatchCallback } from '../client.ts';
import { CoordinatorError } from '../errors.ts';
import { hasCode, retried } from './sequence.ts';

export interface WaitOptions {
  /** Ends the waiting: the call then fails with the signal's reason. `AbortSignal.timeout(ms)` makes it a matter of time. */
  signal?: AbortSignal;
}

/**
 * Resolves when the watch fires that `arm` sets. `arm` answers false when there is nothing to wait for (no watch is set then).
 * Fails when the session is over: a watch of a dead session never fires.
 */
export function untilFired(client: CoordinatorClient, arm: (watch: WatchCallback) => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const finish = (settle: () => void): void => {
      for (const stop of stops.splice(0)) stop();
      settle();
    };
    const abort = (): void => finish(() => reject(signal!.reason as Error));
    if (signal?.aborted === true) return abort();
    if (signal !== undefined) {
      signal.addEventListener('abort', abort);
      stops.push(() => signal.removeEventListener('abort', abort));
    }
    const over = (): void => finish(() => reject(new CoordinatorError(ErrorCode.SESSIONEXPIRED)));
    stops.push(client.on('expired', over), client.on('closed', over), client.on('authFailed', over));
    arm(() => finish(resolve)).then(
      (isArmed) => !isArmed && finish(resolve),
      (error: Error) => finish(() => reject(error)),
    );
  });
}

/**
 * Waits until the znode changes or goes; not at all if it isn't there. By getData, because exists would leave a watch for the
 * creation of something that never comes again.
 */
export async function untilChanged(client: CoordinatorClient, path: string, signal?: AbortSignal): Promise<void> {
  let armed: WatchCallback | undefined;
  const arm = async (watch: WatchCallback): Promise<boolean> => {
    try {
      await retried(() => client.getData(path, { watch }));
      armed = watch;
      return true;
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE)) return false;
      throw error;
    }
  };
  try {
    await untilFired(client, arm, signal);
  } catch (error) {
    if (signal?.aborted === true && armed !== undefined) await forget(client, path, armed);
    throw error;
  }
}

async function forget(client: CoordinatorClient, path: string, callback: WatchCallback): Promise<void> {
  try {
    await client.removeWatches(path, WatcherType.DATA, { callback, local: true });
  } catch (error) {
    // It fired in this moment.
    if (!hasCode(error, ErrorCode.NOWATCHER)) throw error;
  }
}
