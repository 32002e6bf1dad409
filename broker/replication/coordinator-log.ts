/**
 * A coordinator's internal topic (`__consumer_offsets`, `__transaction_state`) as its own log: what it decides is appended with
 * acks=all like any producer's records, and read back from the start by whoever leads the partition next.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { ReplicaManager } from './replica-manager.ts';

/** `offsets.load.buffer.size`: what one read of a coordinator that loads may bring. */
const LOAD_BUFFER_SIZE = 5 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

export class CoordinatorLog {
  readonly topic: string;
  private readonly replicas: ReplicaManager;

  constructor(replicas: ReplicaManager, topic: string) {
    this.replicas = replicas;
    this.topic = topic;
  }

  /** Resolves when the batch is as safe as `acks` asks, or refused. Appends to a partition keep the order of the calls. */
  async append(
    partition: number,
    batch: Buffer,
    { acks, timeoutMs }: { acks: number; timeoutMs: number },
  ): Promise<{ errorCode: number; baseOffset: number }> {
    const entries = [{ topic: this.topic, partition, records: batch }];
    const results = await this.replicas.append({ acks, timeoutMs, origin: 'coordinator', internalTopicsAllowed: true, entries });
    const { errorCode, baseOffset } = results[0]!;
    return { errorCode, baseOffset };
  }

  /** Where the partition's log begins, or null when this broker doesn't lead it. */
  logStartOffset(partition: number): number | null {
    return this.led(partition)?.logStartOffset ?? null;
  }

  /** Whole batches from the one that contains `offset` on, up to what is in the file; empty at the end, or when we don't lead it. */
  readFrom(partition: number, offset: number): Buffer | Promise<Buffer> {
    const log = this.led(partition);
    if (log === null || offset >= log.logEndOffset) return EMPTY;
    return log.read(offset, LOAD_BUFFER_SIZE, { maxOffsetExclusive: log.logEndOffset, minOneBatch: true });
  }

  private led(index: number): NonNullable<ReturnType<ReplicaManager['partition']>>['log'] {
    const partition = this.replicas.partition(this.topic, index);
    return partition !== undefined && partition.checkAccess(-1, true) === ErrorCode.NONE ? partition.log : null;
  }
}
