/** How kafka-dump-log shows keys and values: as text or numbers, or as what the group coordinator means by them. */
import { decodeGroupValue, decodeKey, decodeOffsetValue } from '../../group/offset-records.ts';
import { decodeAssignment } from '../../protocol/consumer-protocol.ts';
import type { KafkaRecord } from '../../records/iterate-records.ts';
import { JavaError } from '../java-exception.ts';
import type { Options } from '../options.ts';

/** What ends the dump, as Kafka's tool would name it. */
export class DumpError extends JavaError {}

export interface Decoded {
  readonly key: string | null;
  readonly value: string | null;
}
export type RecordDecoder = (record: KafkaRecord) => Decoded;

const DECODERS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  'kafka.serializer.StringDecoder': (bytes) => bytes.toString('utf8'),
  'kafka.serializer.DefaultDecoder': (bytes) => bytes.toString('latin1'),
  'kafka.serializer.IntegerDecoder': (bytes) => String(bytes.readInt32BE(0)),
  'kafka.serializer.LongDecoder': (bytes) => String(bytes.readBigInt64BE(0)),
};

/** The decoder that the options ask for. Throws `DumpError` for one that there is not. */
export function decoderOf(options: Options): RecordDecoder {
  if (options.has('offsets-decoder')) return decodeOffsets;
  for (const name of ['transaction-log-decoder', 'cluster-metadata-decoder']) {
    if (options.has(name)) throw new DumpError('java.lang.UnsupportedOperationException', `--${name} is not supported yet`);
  }
  const named = (option: string): ((bytes: Buffer) => string) => {
    const name = options.one(option) ?? '';
    const decoder = DECODERS[name];
    if (decoder === undefined) throw new DumpError('java.lang.ClassNotFoundException', name);
    return decoder;
  };
  const keys = named('key-decoder-class');
  const values = named('value-decoder-class');
  return ({ key, value }) => ({ key: key && keys(key), value: value && values(value) });
}

function decodeOffsets({ key, value }: KafkaRecord): Decoded {
  const fail = (why: string): never => {
    const message = `Failed to decode message using offset topic decoder (message had ${why})`;
    throw new DumpError('org.apache.kafka.common.KafkaException', message);
  };
  if (key === null) return fail('a missing key');
  const known = decodeKey(key);
  if (known.kind === 'unknown') return fail('an invalid key');
  if (known.kind === 'offset') {
    const shown = `offset_commit::group=${known.group},partition=${known.topic}-${known.partition}`;
    if (value === null) return { key: shown, value: '<DELETE>' };
    const { offset, metadata } = decodeOffsetValue(value);
    return { key: shown, value: `offset=${offset}${metadata === '' ? '' : `,metadata=${metadata}`}` };
  }
  const shown = `group_metadata::group=${known.group}`;
  if (value === null) return { key: shown, value: '<DELETE>' };
  const { protocolType, protocol, generation, members } = decodeGroupValue(value);
  const assignment = members.map((member) => `${member.memberId}=${shownAssignment(protocolType, member.assignment)}`);
  const fields = { protocolType, protocol, generationId: generation, assignment: `{${assignment.join(',')}}` };
  return { key: shown, value: JSON.stringify(fields) };
}

function shownAssignment(protocolType: string, blob: Buffer): string {
  const decoded = protocolType === 'consumer' && blob.length > 0 ? decodeAssignment(blob) : null;
  if (decoded === null) return hex(blob);
  const owned = decoded.assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((index) => `${topic}-${index}`));
  const userData = hex(decoded.userData ?? Buffer.alloc(0));
  return `[${owned.join(', ')}]${userData === '' ? '' : `:${userData}`}`;
}

/** As a number in base 16: without zeros in front. */
function hex(bytes: Buffer): string {
  return bytes.length === 0 ? '' : BigInt(`0x${bytes.toString('hex')}`).toString(16).toUpperCase();
}
