/**
 * How the console consumer shows a record: fields that were asked for, in fixed order, between separators. Bytes are
 * written as they are unless a deserializer turns them into text.
 */
import type { FetchedRecord } from '../client/fetched-records.ts';
import { formatJavaDouble } from './java-double.ts';
import { JavaError } from './java-exception.ts';

/** Writes a record as bytes. */
export type Formatter = (record: FetchedRecord) => Buffer;

type Deserializer = (bytes: Buffer) => Buffer;
const PACKAGE = 'org.apache.kafka.common.serialization.';

function sized(name: string, size: number, read: (bytes: Buffer) => string): Deserializer {
  return (bytes) => {
    if (bytes.length === size) return Buffer.from(read(bytes));
    throw new JavaError(
      'org.apache.kafka.common.errors.SerializationException',
      `Size of data received by ${name} is not ${size}`,
    );
  };
}

const deserializers: Readonly<Record<string, Deserializer>> = {
  StringDeserializer: (bytes) => bytes,
  IntegerDeserializer: sized('IntegerDeserializer', 4, (bytes) => String(bytes.readInt32BE())),
  LongDeserializer: sized('LongDeserializer', 8, (bytes) => String(bytes.readBigInt64BE())),
  ShortDeserializer: sized('ShortDeserializer', 2, (bytes) => String(bytes.readInt16BE())),
  DoubleDeserializer: sized('DoubleDeserializer', 8, (bytes) => formatJavaDouble(bytes.readDoubleBE())),
  FloatDeserializer: sized('FloatDeserializer', 4, (bytes) => formatJavaDouble(Number(bytes.readFloatBE().toPrecision(8)))),
  UUIDDeserializer: (bytes) => bytes,
};

function deserializer(className: string | undefined): Deserializer | null {
  if (className === undefined) return null;
  const known = className.startsWith(PACKAGE) ? deserializers[className.slice(PACKAGE.length)] : undefined;
  if (known === undefined) throw new JavaError('java.lang.ClassNotFoundException', className);
  return known;
}

/** The formatter class `kafka.tools.DefaultMessageFormatter`. */
export function defaultFormatter(properties: ReadonlyMap<string, string>): Formatter {
  const flag = (name: string, fallback: boolean): boolean => {
    const text = properties.get(name);
    return text === undefined ? fallback : text.trim().toLowerCase() === 'true';
  };
  const text = (name: string, fallback: string): Buffer => Buffer.from(properties.get(name) ?? fallback);
  const printTimestamp = flag('print.timestamp', false);
  const printPartition = flag('print.partition', false);
  const printOffset = flag('print.offset', false);
  const printHeaders = flag('print.headers', false);
  const printKey = flag('print.key', false);
  const printValue = flag('print.value', true);
  const keySeparator = text('key.separator', '\t');
  const lineSeparator = text('line.separator', '\n');
  const headersSeparator = text('headers.separator', ',');
  const nullLiteral = text('null.literal', 'null');
  const keyDeserializer = deserializer(properties.get('key.deserializer'));
  const valueDeserializer = deserializer(properties.get('value.deserializer'));
  const headersDeserializer = deserializer(properties.get('headers.deserializer'));
  const shown = (bytes: Buffer | null, convert: Deserializer | null): Buffer => {
    const known = bytes ?? nullLiteral;
    return convert === null ? known : convert(known);
  };
  return (record) => {
    const fields: Buffer[] = [];
    if (printTimestamp) {
      const none = record.timestampType === 'NoTimestampType';
      fields.push(Buffer.from(none ? 'NO_TIMESTAMP' : `${record.timestampType}:${record.timestamp}`));
    }
    if (printPartition) fields.push(Buffer.from(`Partition:${record.partition}`));
    if (printOffset) fields.push(Buffer.from(`Offset:${record.offset}`));
    if (printHeaders) {
      const headers = record.headers.map(({ key, value }) =>
        Buffer.concat([Buffer.from(`${key}:`), shown(value, headersDeserializer)]),
      );
      fields.push(headers.length === 0 ? Buffer.from('NO_HEADERS') : join(headers, headersSeparator));
    }
    if (printKey) fields.push(shown(record.key, keyDeserializer));
    if (printValue) fields.push(shown(record.value, valueDeserializer));
    return fields.length === 0 ? Buffer.alloc(0) : Buffer.concat([join(fields, keySeparator), lineSeparator]);
  };
}

function join(parts: readonly Buffer[], separator: Buffer): Buffer {
  if (parts.length === 1) return parts[0]!;
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [separator, part])));
}
