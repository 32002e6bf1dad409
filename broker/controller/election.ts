/**
 * The election of the controller: who creates /controller, together with the next number in /controller_epoch, has won. The multi
 * fails for everybody else; after a lost reply the two znodes tell whether it was us.
 */
import { CoordinatorError } from '../../shared/client/errors.ts';
import { createOp, setDataOp } from '../../shared/client/ops.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Fence } from './fenced-writes.ts';
import type { ControllerClient } from './read-state.ts';
import { getDataOrNull } from './read-state.ts';
import { controllerEpochZnode, controllerZnode } from './znodes.ts';

/** Tries to win. Null: somebody else is the controller. */
export async function tryBecomeController(
  client: ControllerClient,
  brokerId: number,
  nowMs: number,
): Promise<Fence | null> {
  const { controllerEpoch, zkVersion } = await readOrCreateEpoch(client);
  const next = controllerEpoch + 1;
  try {
    const results = await client.multi([
      createOp(controllerZnode.path, controllerZnode.encode(brokerId, nowMs), { mode: CreateMode.EPHEMERAL }),
      setDataOp(controllerEpochZnode.path, controllerEpochZnode.encode(next), zkVersion),
    ]);
    const written = results[1];
    return { controllerEpoch: next, zkVersion: written?.op === 'setData' ? written.stat.version : zkVersion + 1 };
  } catch (error) {
    if (!(error instanceof CoordinatorError)) throw error;
    if (error.code !== ErrorCode.NODEEXISTS && error.code !== ErrorCode.BADVERSION) throw error;
    return await currentFence(client, brokerId);
  }
}

/** The fence of this session's own controllership, or null when it has none. */
export async function currentFence(client: ControllerClient, brokerId: number): Promise<Fence | null> {
  const controller = await getDataOrNull(client, controllerZnode.path);
  if (controller === null || controller.stat.ephemeralOwner !== client.sessionId) return null;
  if (controllerZnode.decode(controller.data) !== brokerId) return null;
  const epoch = await getDataOrNull(client, controllerEpochZnode.path);
  if (epoch === null) return null;
  // Only who holds /controller raises the epoch, so what is there now is ours.
  return { controllerEpoch: controllerEpochZnode.decode(epoch.data), zkVersion: epoch.stat.version };
}

async function readOrCreateEpoch(client: ControllerClient): Promise<Fence> {
  for (;;) {
    const epoch = await getDataOrNull(client, controllerEpochZnode.path);
    if (epoch !== null) return { controllerEpoch: controllerEpochZnode.decode(epoch.data), zkVersion: epoch.stat.version };
    try {
      await client.create(controllerEpochZnode.path, controllerEpochZnode.encode(0));
    } catch (error) {
      // Another broker was faster; nobody ever deletes it, so the next look finds it.
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NODEEXISTS) throw error;
    }
  }
}
