/**
 * Carries out a decision's znode writes, each in a `multi` that begins with a check of /controller_epoch: a controller that
 * was followed by another one changes nothing any more. What is too much for one multi goes in several, in order.
 */
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { MultiOp } from '../../shared/znode/operations.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { checkOp, createOp, deleteOp, setDataOp } from '../../shared/client/ops.ts';
import type { ZnodeWrite } from './decision.ts';
import { controllerEpochZnode } from './znodes.ts';

/** Another controller took over: this one has to resign. */
export class ControllerMovedError extends Error {
  override readonly name = 'ControllerMovedError';
  constructor(controllerEpoch: number) {
    super(
      `Controller epoch zkVersion check fails. Expected the epoch ${controllerEpoch} of this controller: another one took over`,
    );
  }
}

/** What the writes need of a client. */
export type WritingClient = Pick<CoordinatorClient, 'multi' | 'exists' | 'getChildren'>;

export interface Fence {
  controllerEpoch: number;
  /** Version of the znode /controller_epoch. */
  zkVersion: number;
}

/** A state is about 200 bytes with its path: far below the coordinator's bound of 1 MiB per request. */
const OPS_PER_MULTI_MAX = 1000;
/** A znode may appear or vanish between a look and the write, but not for ever. */
const TRIES_MAX = 5;

export class FencedWriter {
  private readonly client: WritingClient;
  private readonly fence: Fence;

  constructor(client: WritingClient, fence: Fence) {
    this.client = client;
    this.fence = fence;
  }

  /** Throws `ControllerMovedError` when fenced, `CoordinatorError` when a write is refused or its outcome unknown. */
  async write(writes: readonly ZnodeWrite[]): Promise<void> {
    for (let at = 0; at < writes.length; at += OPS_PER_MULTI_MAX) {
      await this.writeChunk(writes.slice(at, at + OPS_PER_MULTI_MAX));
    }
  }

  private async writeChunk(writes: readonly ZnodeWrite[]): Promise<void> {
    const present = new Set<string>();
    for (let tries = 1; ; tries++) {
      const ops = await this.opsFor(writes, present);
      try {
        await this.client.multi([checkOp(controllerEpochZnode.path, this.fence.zkVersion), ...ops]);
        return;
      } catch (error) {
        if (!(error instanceof CoordinatorError)) throw error;
        const first = error.results?.[0];
        if (first?.op === 'error' && first.error !== ErrorCode.OK && first.error !== ErrorCode.RUNTIMEINCONSISTENCY) {
          throw new ControllerMovedError(this.fence.controllerEpoch);
        }
        const isRace =
          error.code === ErrorCode.NODEEXISTS || error.code === ErrorCode.NOTEMPTY || error.code === ErrorCode.NONODE;
        if (!isRace || tries === TRIES_MAX || !writes.some((write) => write.op === 'ensure' || write.op === 'deleteTree'))
          throw error;
        for (const write of writes) {
          if (write.op === 'ensure' && (await this.client.exists(write.path)) !== null) present.add(write.path);
        }
      }
    }
  }

  private async opsFor(writes: readonly ZnodeWrite[], present: ReadonlySet<string>): Promise<MultiOp[]> {
    const ops: MultiOp[] = [];
    for (const write of writes) {
      if (write.op === 'create') ops.push(createOp(write.path, write.data));
      else if (write.op === 'set') ops.push(setDataOp(write.path, write.data, write.version));
      else if (write.op === 'deleteTree') ops.push(...(await this.treeBottomUp(write.path)).map((path) => deleteOp(path)));
      else if (!present.has(write.path)) ops.push(createOp(write.path));
    }
    return ops;
  }

  /** The znode and all below it, children before parents; empty when it is not there. */
  private async treeBottomUp(path: string): Promise<string[]> {
    const paths: string[] = [];
    let level = [path];
    while (level.length > 0) {
      const children = await Promise.all(level.map((parent) => this.childrenOf(parent)));
      const found = level.filter((_, index) => children[index] !== null);
      paths.push(...found);
      level = children.flatMap((names, index) => (names ?? []).map((name) => `${level[index]}/${name}`));
    }
    return paths.reverse();
  }

  private async childrenOf(path: string): Promise<readonly string[] | null> {
    try {
      return (await this.client.getChildren(path)).children;
    } catch (error) {
      if (error instanceof CoordinatorError && error.code === ErrorCode.NONODE) return null;
      throw error;
    }
  }
}
