import { expect } from 'chai';
import { defaultFormatter } from '../../../broker/cli/message-format.ts';
import type { FetchedRecord } from '../../../broker/client/fetched-records.ts';

const record: FetchedRecord = {
  topic: 't',
  partition: 2,
  offset: 5,
  timestamp: 1700000000000,
  timestampType: 'CreateTime',
  key: Buffer.from('k'),
  value: null,
  headers: [
    { key: 'h', value: Buffer.from('v') },
    { key: 'n', value: null },
  ],
};
const all = Object.fromEntries(
  ['timestamp', 'partition', 'offset', 'headers', 'key'].map((field) => [`print.${field}`, 'true']),
);
const format = (properties: Record<string, string>, what = record): string =>
  String(defaultFormatter(new Map(Object.entries(properties)))(what));

describe('defaultFormatter', () => {
  it('prints the value alone by default, null as null', () => {
    expect(format({}, { ...record, value: Buffer.from('v') })).to.equal('v\n');
    expect(format({})).to.equal('null\n');
  });

  it('prints every field in order', () => {
    expect(format(all)).to.equal('CreateTime:1700000000000\tPartition:2\tOffset:5\th:v,n:null\tk\tnull\n');
    expect(format(all, { ...record, headers: [], timestampType: 'NoTimestampType' })).to.contain(
      'NO_TIMESTAMP\tPartition:2\tOffset:5\tNO_HEADERS\t',
    );
  });

  it('takes separators and the null literal', () => {
    const properties = {
      ...all,
      'print.value': 'false',
      'key.separator': '|',
      'line.separator': ';',
      'headers.separator': '+',
      'null.literal': '-',
    };
    expect(format(properties)).to.equal('CreateTime:1700000000000|Partition:2|Offset:5|h:v+n:-|k;');
  });

  it('deserializes numbers and refuses what has another size', () => {
    const long = { 'value.deserializer': 'org.apache.kafka.common.serialization.LongDeserializer' };
    expect(format(long, { ...record, value: Buffer.from('ffffffffffffffff', 'hex') })).to.equal('-1\n');
    expect(() => format(long, { ...record, value: Buffer.from('abc') })).to.throw(
      'Size of data received by LongDeserializer is not 8',
    );
    expect(() => format({ 'value.deserializer': 'x.Y' })).to.throw('x.Y');
  });
});
