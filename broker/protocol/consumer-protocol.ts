/**
 * What consumers put into JoinGroup metadata and SyncGroup assignments under protocol type `consumer`: an int16 version,
 * then the struct. v1 owned partitions (KIP-429), v2 generation, v3 rack (KIP-881). A reader that knows fewer versions
 * reads what it knows and ignores the rest, so a newer member does not break a group.
 */
import { EMPTY, Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { array, bytes, defaulted, i32, message, nullable, since, str, type Draft, type Infer } from './schema.ts';

const VERSION_MAX = 3;

const subscription = message('ConsumerProtocolSubscription', {
  topics: array(str),
  userData: defaulted(nullable(bytes), null),
  ownedPartitions: since(1, array({ topic: str, partitions: array(i32) }), []),
  generationId: since(2, i32, -1),
  rackId: since(3, nullable(str), null),
});
const assignment = message('ConsumerProtocolAssignment', {
  assignedPartitions: array({ topic: str, partitions: array(i32) }),
  userData: defaulted(nullable(bytes), null),
});

export type Subscription = Infer<typeof subscription>;
export type Assignment = Infer<typeof assignment>;

export function encodeSubscription(value: Draft<typeof subscription>, version = 1): Buffer {
  const writer = new Writer(128);
  writer.i16(version);
  subscription.encode(writer, value, version);
  return writer.finish();
}

/** The subscription, or null when the bytes are not one (members of other protocol types send what they like). */
export function decodeSubscription(blob: Buffer): Subscription | null {
  const reader = new Reader(blob);
  const version = reader.i16();
  if (version < 0) return null;
  const value = subscription.decode(reader, Math.min(version, VERSION_MAX));
  return reader.complete ? value : null;
}

export function encodeAssignment(value: Draft<typeof assignment>, version = 1): Buffer {
  const writer = new Writer(128);
  writer.i16(version);
  assignment.encode(writer, value, version);
  return writer.finish();
}

/** The assignment; no bytes at all mean no partitions. Null when the bytes are not an assignment. */
export function decodeAssignment(blob: Buffer): Assignment | null {
  if (blob.length === 0) return { assignedPartitions: [], userData: EMPTY };
  const reader = new Reader(blob);
  const version = reader.i16();
  if (version < 0) return null;
  const value = assignment.decode(reader, Math.min(version, VERSION_MAX));
  return reader.complete ? value : null;
}
