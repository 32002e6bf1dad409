/**
 * Replicas on their way from one log directory to another (KIP-113). The log is copied, batch for batch, into a directory whose
 * name ends in `-future`; when the copy has caught up it takes the place of the original, between two appends, and the
 * original's directory goes. Whoever has the `PartitionLog` notices nothing.
 *
 *     topic-0  (one log.dir)          read, append …          topic-0.<hex>-future  (another)
 *     topic-0.<hex>-delete            caught up               topic-0
 *
 * A move that a stop interrupts has to be asked for again: the next start removes what was copied.
 */
import path from 'node:path';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { baseOffsetOf } from '../records/record-batch.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { LogDir } from './log-dir.ts';
import { deletedDirectoryName, futureDirectoryName, partitionDirectoryName } from './names.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Scheduler } from './scheduler.ts';
import { StorageError } from './storage-error.ts';

export interface MoveHost {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** `replica.alter.log.dirs.io.max.bytes.per.second`. */
  bytesPerSecondMax(): number;
  openCopy(log: PartitionLog, directory: string): Promise<PartitionLog>;
  /** Whether it is still the partition's log. */
  isCurrent(log: PartitionLog): boolean;
  /** The log lies in `dir` from now on; what it left is to be removed. */
  moved(log: PartitionLog, dir: LogDir, retired: string): void;
  removeTree(directory: string): Promise<void>;
}

interface Move {
  readonly log: PartitionLog;
  readonly dir: LogDir;
  copy: PartitionLog | null;
  cancelled: boolean;
  done: Promise<void>;
}

/** A replica on its way, as DescribeLogDirs shows it. */
export interface FutureReplica {
  readonly topic: string;
  readonly partition: number;
  readonly logDir: string;
  readonly size: number;
  /** Offsets that the copy is behind. */
  readonly offsetLag: number;
}

const READ_BYTES = 1 << 20;
const MILLISECONDS = 1000;

export class ReplicaMoves {
  private readonly host: MoveHost;
  private readonly moves = new Map<string, Move>();

  constructor(host: MoveHost) {
    this.host = host;
  }

  *futures(): Iterable<FutureReplica> {
    for (const { log, dir, copy } of this.moves.values()) {
      const end = copy?.logEndOffset ?? log.logStartOffset;
      const { topic, partition } = log;
      yield { topic, partition, logDir: dir.path, size: copy?.size ?? 0, offsetLag: Math.max(0, log.logEndOffset - end) };
    }
  }

  /** Begins to move a log to `dir`. A move of it to elsewhere is called off. */
  async begin(log: PartitionLog, dir: LogDir): Promise<void> {
    const name = partitionDirectoryName(log.topic, log.partition);
    if (this.moves.get(name)?.dir === dir) return;
    await this.cancel(name);
    if (log.logDir === dir.path) return;
    const move: Move = { log, dir, copy: null, cancelled: false, done: Promise.resolve() };
    this.moves.set(name, move);
    move.done = this.run(name, move);
  }

  /** Calls a move off and removes what was copied; fine when there is none. */
  async cancel(name: string): Promise<void> {
    const move = this.moves.get(name);
    if (move === undefined) return;
    move.cancelled = true;
    await move.done;
  }

  async cancelAll(): Promise<void> {
    await Promise.all([...this.moves.keys()].map((name) => this.cancel(name)));
  }

  private async run(name: string, move: Move): Promise<void> {
    const { host } = this;
    const { log, dir } = move;
    const directory = dir.file(futureDirectoryName(log.topic, log.partition));
    host.logger.info(`Moving replica ${name} from ${log.logDir} to ${dir.path}`);
    try {
      const copy = await host.openCopy(log, directory);
      move.copy = copy;
      if (await this.copyAll(move, copy)) {
        const retired = path.join(log.logDir, deletedDirectoryName(log.topic, log.partition));
        await log.adopt(copy, dir.file(name), retired);
        host.moved(log, dir, retired);
        host.logger.info(`Replica ${name} is in ${dir.path} now`);
        return;
      }
      host.logger.info(`The move of replica ${name} to ${dir.path} is called off`);
      await copy.letGo();
      await host.removeTree(directory);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error; // its directory is offline, and was reported
    } finally {
      if (this.moves.get(name) === move) this.moves.delete(name);
    }
  }

  /** Copies until nothing is left to copy; false when the move was called off or the log went away. */
  private async copyAll(move: Move, copy: PartitionLog): Promise<boolean> {
    const { host } = this;
    const { log } = move;
    const limits = { maxOffsetExclusive: Number.MAX_SAFE_INTEGER, minOneBatch: true };
    const startedMs = host.clock.monotonicMs();
    let bytes = 0;
    let first = true;
    for (;;) {
      if (move.cancelled || !host.isCurrent(log) || !log.isOnline) return false;
      if (!first && copy.logEndOffset >= log.logEndOffset) return true;
      const from = first ? log.logStartOffset : copy.nextOffset;
      const records = await log.read(Math.max(from, log.logStartOffset), READ_BYTES, limits);
      // The log may start within a batch, or have lost its beginning to retention.
      if (first) await copy.restartAt(records.length === 0 ? log.logEndOffset : baseOffsetOf(records, 0));
      first = false;
      if (records.length === 0) {
        if (copy.logEndOffset < log.logEndOffset) await copy.restartAt(log.logEndOffset);
        continue;
      }
      const appended = copy.append(records, { origin: 'replication', leaderEpoch: -1, nowMs: host.clock.wallMs() });
      if (!appended.ok) throw new StorageError(move.dir.path, `Cannot copy ${copy.topic}-${copy.partition}: ${appended.message}`);
      await appended.written;
      bytes += records.length;
      const dueMs = startedMs + (bytes / host.bytesPerSecondMax()) * MILLISECONDS;
      const aheadMs = dueMs - host.clock.monotonicMs();
      if (aheadMs > 1) await new Promise<void>((resolve) => void host.scheduler.after(aheadMs, resolve));
    }
  }
}
