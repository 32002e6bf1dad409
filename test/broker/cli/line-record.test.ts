import { expect } from 'chai';
import { LineReader } from '../../../broker/cli/line-record.ts';

const read = (properties: Record<string, string>, line: string) => {
  const { key, value, headers } = new LineReader('t', new Map(Object.entries(properties))).read(Buffer.from(line));
  return {
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: headers?.map((header) => [header.key, header.value?.toString() ?? null]),
  };
};

describe('LineReader', () => {
  it('takes a line for the value', () => {
    expect(read({}, 'a\tb')).to.deep.equal({ key: null, value: 'a\tb', headers: undefined });
  });

  it('cuts headers and key off, in this order', () => {
    const properties = { 'parse.key': 'true', 'parse.headers': 'true', 'key.separator': '|' };
    expect(read(properties, 'h1:v1,h2:\tk|v|w')).to.deep.equal({
      key: 'k',
      value: 'v|w',
      headers: [
        ['h1', 'v1'],
        ['h2', ''],
      ],
    });
  });

  it('turns the null marker into null', () => {
    expect(read({ 'parse.key': 'true', 'null.marker': 'NULL' }, 'NULL\tNULL')).to.include({ key: null, value: null });
    expect(read({ 'parse.headers': 'true', 'null.marker': 'NULL' }, 'a:NULL\tv').headers).to.deep.equal([['a', null]]);
  });

  it("says in Kafka's words what a line lacks, unless told to ignore it", () => {
    expect(() => read({ 'parse.key': 'true' }, 'x')).to.throw("No key separator found on line number 1: 'x'");
    expect(() => read({ 'parse.headers': 'true' }, 'x\ty')).to.throw(
      "No header key separator found in pair 'x' on line number 1",
    );
    expect(read({ 'parse.key': 'true', 'ignore.error': 'true' }, 'x')).to.include({ key: null, value: 'x' });
  });

  it('refuses separators that cannot be told apart', () => {
    expect(() => read({ 'headers.separator': '\t' }, 'x')).to.throw(
      'headers.delimiter and headers.separator may not be equal',
    );
    expect(() => read({ 'null.marker': '\t' }, 'x')).to.throw('null.marker and key.separator may not be equal');
  });
});
