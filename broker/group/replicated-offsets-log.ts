/**
 * `__consumer_offsets` as the broker's replicas hold it: appends go through the replica manager as a coordinator's, reads
 * come from the log of the partition that this broker leads, and leadership that comes and goes is told to the coordinator.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';
import type { GroupCoordinator } from './group-coordinator.ts';
import type { OffsetsAppendResult, OffsetsLog } from './offsets-log.ts';

/** What is needed of `broker/replication/replica-manager.ts`. */
export interface Replicas {
  partition(topic: string, index: number): { readonly log: ReadableLog | null } | undefined;
  append(request: {
    acks: number;
    timeoutMs: number;
    origin: 'coordinator';
    internalTopicsAllowed: true;
    entries: readonly { topic: string; partition: number; records: Buffer }[];
  }): Promise<readonly OffsetsAppendResult[]> | readonly OffsetsAppendResult[];
}

interface ReadableLog {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  read(
    startOffset: number,
    maxBytes: number,
    options: { readonly maxOffsetExclusive: number; readonly minOneBatch: boolean },
  ): Buffer | Promise<Buffer>;
}

/** Bytes read at a time while loading: few reads for a long log, little memory for one step. */
const READ_BYTES = 1_048_576;

export class ReplicatedOffsetsLog implements OffsetsLog {
  private readonly replicas: Replicas;

  constructor(replicas: Replicas) {
    this.replicas = replicas;
  }

  async append(
    partition: number,
    records: Buffer,
    options: { acks: number; timeoutMs: number },
  ): Promise<OffsetsAppendResult> {
    const results = await this.replicas.append({
      ...options,
      origin: 'coordinator',
      internalTopicsAllowed: true,
      entries: [{ topic: OFFSETS_TOPIC, partition, records }],
    });
    return results[0] ?? { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, baseOffset: -1 };
  }

  logStartOffset(partition: number): number | null {
    return this.logOf(partition)?.logStartOffset ?? null;
  }

  readFrom(partition: number, offset: number): Buffer | Promise<Buffer> {
    const log = this.logOf(partition);
    // Also when the log has gone meanwhile: the resignation that follows ends the load.
    if (log === null || offset >= log.logEndOffset) return Buffer.alloc(0);
    return log.read(offset, READ_BYTES, { maxOffsetExclusive: log.logEndOffset, minOneBatch: true });
  }

  private logOf(partition: number): ReadableLog | null {
    return this.replicas.partition(OFFSETS_TOPIC, partition)?.log ?? null;
  }
}

/** Tells `groups` of the offsets topic's leaders: what `ReplicaManager.onLeadership` takes. */
export function followLeadership(groups: GroupCoordinator): {
  becameLeader(topic: string, partition: number, leaderEpoch: number): void;
  resigned(topic: string, partition: number, leaderEpoch: number, deleted: boolean): void;
} {
  return {
    becameLeader(topic, partition, leaderEpoch) {
      if (topic === OFFSETS_TOPIC) groups.elected(partition, leaderEpoch);
    },
    resigned(topic, partition, leaderEpoch, deleted) {
      if (topic === OFFSETS_TOPIC) groups.resigned(partition, deleted ? null : leaderEpoch);
    },
  };
}
