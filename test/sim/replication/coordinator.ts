/**
 * The coordinator, as far as controller and brokers see it: znodes with versions, sessions that end, watches on who is
 * registered. It never fails here (`test/sim`'s other half is about that); the way to it may.
 */
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { WritingClient } from '../../../broker/controller/fenced-writes.ts';
import { controllerEpochZnode } from '../../../broker/controller/znodes.ts';
import type { World } from './world.ts';

interface Znode {
  data: Buffer | null;
  version: number;
}

interface SimSession {
  /** Of the registration. */
  brokerEpoch: number;
  lastHeardMs: number;
  /** When its connection was seen to break; null while there is one. */
  brokenAtMs: number | null;
}

const SESSION_TIMEOUT_MS = 1_500;
export const GRACE_MS = 400;
const TICK_MS = 50;

export class SimCoordinator {
  readonly znodes = new Map<string, Znode>();
  readonly sessions = new Map<number, SimSession>();
  controllerId: number | null = null;
  controllerEpoch = 0;
  private zxid = 0;
  private readonly world: World;
  /** Changes of the registered brokers and of the controller. */
  changeCount = 0;
  /** Fires a watch. */
  onChange: () => void = () => undefined;
  /** A session ended `byGrace`, while its broker may still live. */
  onExpiry: (brokerId: number, byGrace: boolean) => void = () => undefined;

  constructor(world: World) {
    this.world = world;
    this.znodes.set(controllerEpochZnode.path, { data: null, version: 0 });
    const tick = (): void => {
      this.expire();
      world.schedule.after(TICK_MS, tick);
    };
    tick();
  }

  create(path: string, data: Buffer | null): void {
    this.znodes.set(path, { data, version: 0 });
  }

  private expire(): void {
    const { nowMs } = this.world;
    for (const [brokerId, { lastHeardMs, brokenAtMs }] of this.sessions) {
      const byGrace = brokenAtMs !== null && nowMs - brokenAtMs >= GRACE_MS;
      if (!byGrace && nowMs - lastHeardMs < SESSION_TIMEOUT_MS) continue;
      this.sessions.delete(brokerId);
      if (this.controllerId === brokerId) this.controllerId = null;
      this.onExpiry(brokerId, byGrace);
      this.changed();
    }
  }

  /** A broker registers, in a new session or taking over the one of its predecessor. Returns its epoch. */
  register(brokerId: number): number {
    this.zxid += 1;
    this.sessions.set(brokerId, { brokerEpoch: this.zxid, lastHeardMs: this.world.nowMs, brokenAtMs: null });
    if (this.controllerId === brokerId) this.controllerId = null;
    this.changed();
    return this.zxid;
  }

  private changed(): void {
    this.changeCount += 1;
    this.onChange();
  }

  /** A ping, or a new connection of the session. False: it is over. */
  touch(brokerId: number, brokerEpoch: number): boolean {
    const session = this.sessions.get(brokerId);
    if (session === undefined || session.brokerEpoch !== brokerEpoch) return false;
    session.lastHeardMs = this.world.nowMs;
    session.brokenAtMs = null;
    return true;
  }

  connectionBroke(brokerId: number): void {
    const session = this.sessions.get(brokerId);
    if (session !== undefined) session.brokenAtMs ??= this.world.nowMs;
  }

  /** The epoch of the new controller and its fence; null when there is one. */
  elect(brokerId: number): { controllerEpoch: number; zkVersion: number } | null {
    if (!this.sessions.has(brokerId)) return null;
    if (this.controllerId !== null && this.controllerId !== brokerId) return null;
    const fence = this.znodes.get(controllerEpochZnode.path)!;
    if (this.controllerId === null) {
      this.controllerId = brokerId;
      this.controllerEpoch += 1;
      fence.version += 1;
    }
    return { controllerEpoch: this.controllerEpoch, zkVersion: fence.version };
  }

  /** What `FencedWriter` writes with, on the spot. */
  readonly client: WritingClient = {
    multi: (ops) => {
      for (const [index, op] of ops.entries()) {
        if (op.op !== 'check' && op.op !== 'setData') continue;
        const znode = this.znodes.get(op.path);
        const wrong = znode === undefined || (op.version !== -1 && znode.version !== op.version);
        if (!wrong) continue;
        const results = ops.map((_, at) => ({
          op: 'error' as const,
          error: at === index ? ErrorCode.BADVERSION : at < index ? ErrorCode.OK : ErrorCode.RUNTIMEINCONSISTENCY,
        }));
        return Promise.reject(new CoordinatorError(ErrorCode.BADVERSION, op.path, { results }));
      }
      for (const op of ops) {
        if (op.op === 'check') continue;
        if (op.op === 'setData') {
          const znode = this.znodes.get(op.path)!;
          znode.data = Buffer.from(op.data ?? []);
          znode.version += 1;
        } else throw new Error(`The simulation has no ${op.op}`);
      }
      return Promise.resolve([]);
    },
    exists: () => Promise.resolve(null),
    getChildren: () => Promise.reject(new Error('nobody asks for children here')),
  };
}
