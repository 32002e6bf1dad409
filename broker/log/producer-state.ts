/**
 * What a partition remembers of each producer: its epoch, its last five batches and its open transaction. It makes retried
 * batches land once (idempotence, KIP-98) and says how far reads of committed data may go. Pure; `snapshot` and `restore`
 * are the content of Kafka's `.snapshot` files.
 *
 *     snapshot: version i16 = 1 | CRC-32C u32 of the rest | count i32 | entries of 46 bytes:
 *               producerId i64, epoch i16, lastSequence i32, lastOffset i64, offsetDelta i32, timestamp i64,
 *               coordinatorEpoch i32, currentTransactionFirstOffset i64 (-1 none)
 */
import { crc32c } from '../../shared/bytes/crc32c.ts';
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { EndTransactionMarker } from '../records/control-records.ts';
import type { LastOfProducer } from './compaction.ts';

/** Who appends. What a leader has taken (`replication`) is not judged again; coordinators are trusted with sequences. */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

const BATCHES_KEPT = 5;
const SEQUENCE_MAX = 0x7fff_ffff;
const SNAPSHOT_VERSION = 1;
const SNAPSHOT_ENTRY_SIZE = 46;
const NONE = -1;

interface AppendedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestamp: number;
}

interface Producer {
  producerEpoch: number;
  coordinatorEpoch: number;
  lastTimestamp: number;
  /** First offset of its open transaction in this partition, or -1. */
  transactionFirstOffset: number;
  /** Oldest first, all of the current epoch. */
  batches: AppendedBatch[];
}

/** The producer's side of a batch; offsets are those the log gives it. */
export interface ProducedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly transactional: boolean;
}

export type SequenceVerdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly lastOffset: number; readonly timestamp: number }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

export interface CompletedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly aborted: boolean;
  /** Up to here everything was decided when this transaction ended. */
  readonly lastStableOffset: number;
}

const APPEND: SequenceVerdict = { kind: 'append' };

function refuse(errorCode: number, message: string): SequenceVerdict {
  return { kind: 'refused', errorCode, message };
}

export class ProducerState {
  private readonly producers = new Map<number, Producer>();
  /** First offsets of open transactions, in log order, and whose they are. */
  private readonly openTransactions = new Map<number, number>();
  /** Ended transactions whose marker is not below the high watermark yet, in log order. */
  private unreplicated: { readonly firstOffset: number; readonly lastOffset: number }[] = [];
  /** For messages. */
  private readonly partitionName: string;

  constructor(partitionName: string) {
    this.partitionName = partitionName;
  }

  get producerCount(): number {
    return this.producers.size;
  }

  /** The first offset that committed reads must stop at, or null when nothing is undecided. */
  get firstUnstableOffset(): number | null {
    const open = this.openTransactions.keys().next();
    const ended = this.unreplicated[0]?.firstOffset;
    if (open.done === true) return ended ?? null;
    return ended === undefined ? open.value : Math.min(open.value, ended);
  }

  /** Judges a data batch from a producer that has an id; nothing changes. */
  check(batch: ProducedBatch, origin: AppendOrigin): SequenceVerdict {
    if (origin === 'replication') return APPEND;
    const known = this.producers.get(batch.producerId);
    if (known === undefined) return APPEND; // whatever the sequence: this partition may have forgotten the producer
    if (origin === 'client' && known.producerEpoch === batch.producerEpoch) {
      for (const kept of known.batches) {
        if (kept.firstSequence === batch.firstSequence && kept.lastSequence === batch.lastSequence) {
          return { kind: 'duplicate', baseOffset: kept.baseOffset, lastOffset: kept.lastOffset, timestamp: kept.timestamp };
        }
      }
    }
    const at = `at offset ${batch.baseOffset} in partition ${this.partitionName}`;
    if (batch.producerEpoch < known.producerEpoch) {
      return refuse(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `Epoch of producer ${batch.producerId} at offset ${batch.baseOffset} in ${this.partitionName} is ${batch.producerEpoch}, ` +
          `which is smaller than the last seen epoch ${known.producerEpoch}`,
      );
    }
    if (origin === 'client') {
      if (batch.producerEpoch !== known.producerEpoch) {
        if (batch.firstSequence !== 0 && known.producerEpoch !== NONE) {
          return refuse(
            ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
            `Invalid sequence number for new epoch of producer ${batch.producerId} ${at}: ${batch.producerEpoch} (request epoch), ` +
              `${batch.firstSequence} (seq. number), ${known.producerEpoch} (current producer epoch)`,
          );
        }
      } else {
        const last = known.batches.at(-1)?.lastSequence ?? NONE;
        if (batch.firstSequence !== last + 1 && !(batch.firstSequence === 0 && last === SEQUENCE_MAX)) {
          return refuse(
            ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
            `Out of order sequence number for producer ${batch.producerId} ${at}: ${batch.firstSequence} (incoming seq. number), ` +
              `${last} (current end sequence number)`,
          );
        }
      }
    }
    if (known.transactionFirstOffset >= 0 && !batch.transactional) {
      return refuse(ErrorCode.INVALID_TXN_STATE, `Expected transactional write from producer ${batch.producerId} ${at}`);
    }
    return APPEND;
  }

  /** Takes a data batch over that `check` let pass. */
  append(batch: ProducedBatch): void {
    const producer = this.producerWithEpoch(batch.producerId, batch.producerEpoch);
    if (producer.batches.length === BATCHES_KEPT) producer.batches.shift();
    producer.batches.push({
      firstSequence: batch.firstSequence,
      lastSequence: batch.lastSequence,
      baseOffset: batch.baseOffset,
      lastOffset: batch.lastOffset,
      timestamp: batch.maxTimestamp,
    });
    producer.lastTimestamp = batch.maxTimestamp;
    if (batch.transactional && producer.transactionFirstOffset < 0) {
      producer.transactionFirstOffset = batch.baseOffset;
      this.openTransactions.set(batch.baseOffset, batch.producerId);
    }
  }

  /** Judges a transaction marker; nothing changes. */
  checkMarker(
    producerId: number,
    producerEpoch: number,
    marker: EndTransactionMarker,
    origin: AppendOrigin,
  ): SequenceVerdict {
    const known = this.producers.get(producerId);
    if (known === undefined || origin === 'replication') return APPEND;
    if (producerEpoch < known.producerEpoch) {
      return refuse(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `Epoch of producer ${producerId} in ${this.partitionName} is ${producerEpoch}, which is smaller than the last seen epoch ` +
          `${known.producerEpoch}`,
      );
    }
    if (marker.coordinatorEpoch < known.coordinatorEpoch) {
      return refuse(
        ErrorCode.TRANSACTION_COORDINATOR_FENCED,
        `Invalid coordinator epoch for producerId ${producerId} in partition ${this.partitionName}: ${marker.coordinatorEpoch} ` +
          `(zombie), ${known.coordinatorEpoch} (current)`,
      );
    }
    return APPEND;
  }

  /** Takes a marker over. Returns the transaction it ends, or null when the producer has none here. */
  appendMarker(
    producerId: number,
    producerEpoch: number,
    marker: EndTransactionMarker,
    offset: number,
    timestamp: number,
  ): CompletedTransaction | null {
    const producer = this.producerWithEpoch(producerId, producerEpoch);
    const firstOffset = producer.transactionFirstOffset;
    producer.transactionFirstOffset = NONE;
    producer.coordinatorEpoch = marker.coordinatorEpoch;
    producer.lastTimestamp = timestamp;
    if (firstOffset < 0) return null;
    this.openTransactions.delete(firstOffset);
    this.unreplicated.push({ firstOffset, lastOffset: offset });
    const nextOpen = this.openTransactions.keys().next();
    return {
      producerId,
      firstOffset,
      lastOffset: offset,
      aborted: marker.type === 'abort',
      lastStableOffset: nextOpen.done === true ? offset + 1 : nextOpen.value,
    };
  }

  private producerWithEpoch(producerId: number, producerEpoch: number): Producer {
    let producer = this.producers.get(producerId);
    if (producer === undefined) {
      producer = { producerEpoch, coordinatorEpoch: NONE, lastTimestamp: NONE, transactionFirstOffset: NONE, batches: [] };
      this.producers.set(producerId, producer);
    } else if (producer.producerEpoch !== producerEpoch) {
      producer.producerEpoch = producerEpoch;
      producer.batches = [];
    }
    return producer;
  }

  /** Everything below `offset` is on all in-sync replicas, or gone from the log's start. */
  onHighWatermark(offset: number): void {
    if (this.unreplicated.length === 0) return;
    this.unreplicated = this.unreplicated.filter((transaction) => transaction.lastOffset >= offset);
  }

  /** Forgets producers that have been silent for long and have no open transaction. */
  removeExpired(nowMs: number, expirationMs: number): void {
    for (const [producerId, producer] of this.producers) {
      if (isExpired(producer, nowMs, expirationMs)) this.producers.delete(producerId);
    }
  }

  /** What each known producer wrote last: compaction leaves a trace of it. */
  lastOfProducers(): Map<number, LastOfProducer> {
    const lasts = new Map<number, LastOfProducer>();
    for (const [producerId, { producerEpoch, batches }] of this.producers) {
      lasts.set(producerId, { producerEpoch, lastDataOffset: batches.at(-1)?.lastOffset ?? null });
    }
    return lasts;
  }

  clear(): void {
    this.producers.clear();
    this.openTransactions.clear();
    this.unreplicated = [];
  }

  /** The state as a `.snapshot` file holds it: of each producer only the last batch. */
  snapshot(): Buffer {
    const writer = new Writer(10 + this.producers.size * SNAPSHOT_ENTRY_SIZE);
    writer.i16(SNAPSHOT_VERSION);
    writer.u32(0);
    writer.i32(this.producers.size);
    for (const [producerId, producer] of this.producers) {
      const last = producer.batches.at(-1);
      writer.i64(producerId);
      writer.i16(producer.producerEpoch);
      writer.i32(last?.lastSequence ?? NONE);
      writer.i64(last?.lastOffset ?? NONE);
      writer.i32(last === undefined ? 0 : last.lastOffset - last.baseOffset);
      writer.i64(producer.lastTimestamp);
      writer.i32(producer.coordinatorEpoch);
      writer.i64(producer.transactionFirstOffset);
    }
    const bytes = writer.finish();
    bytes.writeUInt32BE(crc32c(bytes.subarray(6)), 2);
    return bytes;
  }

  /** Replaces the state by a snapshot's. Returns why that is impossible, or null; then nothing has changed. */
  restore(bytes: Buffer, nowMs: number, expirationMs: number): string | null {
    const reader = new Reader(bytes);
    const version = reader.i16();
    const crc = reader.u32();
    const count = reader.i32();
    if (!reader.complete) return 'it is cut off';
    if (version !== SNAPSHOT_VERSION) return `its version is ${version}, this broker reads ${SNAPSHOT_VERSION}`;
    const computed = crc32c(bytes.subarray(6));
    if (crc !== computed)
      return `Snapshot is corrupt (CRC is no longer valid). Stored crc: ${crc}. Computed crc: ${computed}`;
    if (count < 0 || reader.remaining !== count * SNAPSHOT_ENTRY_SIZE)
      return `it announces ${count} producers and has others`;
    this.clear();
    for (let index = 0; index < count; index++) this.restoreProducer(reader, nowMs, expirationMs);
    const open = [...this.openTransactions].sort(([a], [b]) => a - b);
    this.openTransactions.clear();
    for (const [firstOffset, producerId] of open) this.openTransactions.set(firstOffset, producerId);
    return null;
  }

  private restoreProducer(reader: Reader, nowMs: number, expirationMs: number): void {
    const producerId = reader.i64();
    const producerEpoch = reader.i16();
    const lastSequence = reader.i32();
    const lastOffset = reader.i64();
    const offsetDelta = reader.i32();
    const timestamp = reader.i64();
    const coordinatorEpoch = reader.i32();
    const transactionFirstOffset = reader.i64();
    const batches: AppendedBatch[] = [];
    if (lastOffset >= 0) {
      const first = lastSequence - offsetDelta;
      const firstSequence = first < 0 ? first + SEQUENCE_MAX + 1 : first;
      batches.push({ firstSequence, lastSequence, baseOffset: lastOffset - offsetDelta, lastOffset, timestamp });
    }
    const producer = { producerEpoch, coordinatorEpoch, lastTimestamp: timestamp, transactionFirstOffset, batches };
    if (isExpired(producer, nowMs, expirationMs)) return;
    this.producers.set(producerId, producer);
    if (transactionFirstOffset >= 0) this.openTransactions.set(transactionFirstOffset, producerId);
  }
}

function isExpired(producer: Producer, nowMs: number, expirationMs: number): boolean {
  return producer.transactionFirstOffset < 0 && nowMs - producer.lastTimestamp >= expirationMs;
}
