/**
 * Keys and values of the records in `__consumer_offsets`, to the byte as Kafka 3.4 writes them, so that its own tools
 * (kafka-dump-log --offsets-decoder, the console consumer's formatters) and its own brokers read them.
 *
 * Each is an int16 version and then a struct in the old, non-flexible layout. The key's version says what the record is
 * about:
 *
 *     key 0, 1   group topic partition  ->  a committed offset: value 3; 1 when it carries a time to expire of its own
 *     key 2      group                  ->  the group's generation and members: value 3
 *
 * A null value is a tombstone. Older value versions are read, never written; keys of versions nobody knows yet are reported
 * as such, so that a newer broker's log can still be loaded.
 */
import { array, between, bytes, defaulted, i32, i64, message, nullable, since, str } from '../protocol/schema.ts';
import type { Infer } from '../protocol/schema.ts';
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';

const offsetKey = message('OffsetCommitKey', { group: str, topic: str, partition: i32 });
const offsetValue = message('OffsetCommitValue', {
  offset: i64,
  leaderEpoch: since(3, i32, -1),
  metadata: str,
  commitTimestamp: i64,
  expireTimestamp: between(1, 1, i64, -1),
});
const groupKey = message('GroupMetadataKey', { group: str });
const groupValue = message('GroupMetadataValue', {
  protocolType: str,
  generation: i32,
  protocol: nullable(str),
  leader: nullable(str),
  currentStateTimestamp: since(2, i64, -1),
  members: array({
    memberId: str,
    groupInstanceId: since(3, nullable(str), null),
    clientId: str,
    clientHost: str,
    rebalanceTimeout: since(1, i32, -1),
    sessionTimeout: i32,
    subscription: defaulted(bytes, Buffer.alloc(0)),
    assignment: defaulted(bytes, Buffer.alloc(0)),
  }),
});

const OFFSET_KEY_VERSION = 1;
const GROUP_KEY_VERSION = 2;
const VALUE_VERSION = 3;
/** The only version with room for an expiry time, which commits of versions 2 to 4 may ask for. */
const EXPIRING_OFFSET_VERSION = 1;

export type OffsetValue = Infer<typeof offsetValue>;
export type GroupValue = Infer<typeof groupValue>;

export type RecordKey =
  | { readonly kind: 'offset'; readonly group: string; readonly topic: string; readonly partition: number }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'unknown'; readonly version: number };

/** A key or value that does not parse: the log is damaged, or something else writes to the topic. */
export class OffsetRecordError extends Error {
  override readonly name = 'OffsetRecordError';
}

export function encodeOffsetKey(group: string, topic: string, partition: number): Buffer {
  const writer = new Writer(12 + group.length + topic.length);
  writer.i16(OFFSET_KEY_VERSION);
  offsetKey.encode(writer, { group, topic, partition }, OFFSET_KEY_VERSION);
  return writer.finish();
}

export function encodeOffsetValue(value: OffsetValue): Buffer {
  const version = value.expireTimestamp === -1 ? VALUE_VERSION : EXPIRING_OFFSET_VERSION;
  const writer = new Writer(26 + value.metadata.length);
  writer.i16(version);
  offsetValue.encode(writer, value, version);
  return writer.finish();
}

export function encodeGroupKey(group: string): Buffer {
  const writer = new Writer(4 + group.length);
  writer.i16(GROUP_KEY_VERSION);
  groupKey.encode(writer, { group }, GROUP_KEY_VERSION);
  return writer.finish();
}

export function encodeGroupValue(value: GroupValue): Buffer {
  const writer = new Writer(512);
  writer.i16(VALUE_VERSION);
  groupValue.encode(writer, value, VALUE_VERSION);
  return writer.finish();
}

export function decodeKey(key: Buffer): RecordKey {
  const reader = new Reader(key);
  const version = reader.i16();
  if (version === 0 || version === 1) {
    const { group, topic, partition } = offsetKey.decode(reader, version);
    check(reader, 'offset key');
    return { kind: 'offset', group, topic, partition };
  }
  if (version === GROUP_KEY_VERSION) {
    const { group } = groupKey.decode(reader, version);
    check(reader, 'group key');
    return { kind: 'group', group };
  }
  check(reader, 'key version');
  return { kind: 'unknown', version };
}

export function decodeOffsetValue(value: Buffer): OffsetValue {
  const reader = new Reader(value);
  const version = valueVersion(reader, 'offset value');
  const decoded = offsetValue.decode(reader, version);
  check(reader, 'offset value');
  return decoded;
}

export function decodeGroupValue(value: Buffer): GroupValue {
  const reader = new Reader(value);
  const version = valueVersion(reader, 'group value');
  const decoded = groupValue.decode(reader, version);
  check(reader, 'group value');
  // Version 0 knew one timeout for both purposes.
  if (version === 0) for (const member of decoded.members) member.rebalanceTimeout = member.sessionTimeout;
  return decoded;
}

function valueVersion(reader: Reader, what: string): number {
  const version = reader.i16();
  if (version < 0 || version > VALUE_VERSION) {
    throw new OffsetRecordError(`Cannot read ${what}: its version is ${version}, this build reads 0 to ${VALUE_VERSION}`);
  }
  return version;
}

function check(reader: Reader, what: string): void {
  if (!reader.complete) throw new OffsetRecordError(`Cannot read ${what}: ${reader.failure}`);
}
