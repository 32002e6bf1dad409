/** `__consumer_offsets` in memory: offsets are assigned as a log would, appends can be held back or refused. */
import { iterateRecords } from '../../../broker/records/iterate-records.ts';
import { batchSizeOf, lastOffsetDeltaOf, setBaseOffset } from '../../../broker/records/record-batch.ts';
import type { OffsetsAppendResult, OffsetsLog } from '../../../broker/group/offsets-log.ts';
import { decodeGroupValue, decodeKey, decodeOffsetValue } from '../../../broker/group/offset-records.ts';

export class MemoryOffsetsLog implements OffsetsLog {
  private readonly logs = new Map<number, Buffer[]>();
  private readonly ends = new Map<number, number>();
  private held: (() => void)[] | null = null;
  /** What the next appends are refused with, instead of being taken. */
  refusals: number[] = [];
  /** Reads of a log that misbehave: each throws its error, once. */
  readErrors: Error[] = [];
  readonly asked: { acks: number; timeoutMs: number }[] = [];
  /** Bytes one read returns; at least a batch. */
  readBytesMax = Infinity;

  append(partition: number, batch: Buffer, options: { acks: number; timeoutMs: number }): Promise<OffsetsAppendResult> {
    this.asked.push(options);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return Promise.resolve({ errorCode: refusal, baseOffset: -1 });
    const baseOffset = this.ends.get(partition) ?? 0;
    const stored = Buffer.from(batch);
    setBaseOffset(stored, 0, baseOffset);
    this.ends.set(partition, baseOffset + lastOffsetDeltaOf(stored, 0) + 1);
    const batches = this.logs.get(partition) ?? [];
    this.logs.set(partition, [...batches, stored]);
    const result = { errorCode: 0, baseOffset };
    if (this.held === null) return Promise.resolve(result);
    return new Promise((resolve) => this.held!.push(() => resolve(result)));
  }

  /** Appends are in the log but not acknowledged until `release`. */
  hold(): void {
    this.held = [];
  }

  release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const acknowledge of held) acknowledge();
  }

  logStartOffset(): number {
    return 0;
  }

  readFrom(partition: number, offset: number): Buffer | Promise<Buffer> {
    const error = this.readErrors.shift();
    if (error !== undefined) return Promise.reject(error);
    const found: Buffer[] = [];
    let size = 0;
    let at = 0;
    for (const batch of this.logs.get(partition) ?? []) {
      const next = at + lastOffsetDeltaOf(batch, 0) + 1;
      if (next > offset && (found.length === 0 || size + batchSizeOf(batch, 0) <= this.readBytesMax)) {
        found.push(batch);
        size += batch.length;
      } else if (found.length > 0) break;
      at = next;
    }
    return Buffer.concat(found);
  }

  /** What was written, in words. */
  lines(partition: number): string[] {
    return (this.logs.get(partition) ?? []).flatMap((batch) =>
      [...iterateRecords(batch)].map(({ key, value }) => {
        const decoded = decodeKey(key!);
        if (decoded.kind === 'offset') {
          const committed = value === null ? 'gone' : String(decodeOffsetValue(value).offset);
          return `${decoded.group} ${decoded.topic}-${decoded.partition}: ${committed}`;
        }
        if (decoded.kind !== 'group') return `key version ${decoded.version}`;
        if (value === null) return `${decoded.group}: gone`;
        const { generation, members } = decodeGroupValue(value);
        return `${decoded.group}: gen=${generation} members=${members.map((member) => member.memberId).join(',')}`;
      }),
    );
  }
}
