import { expect } from 'chai';
import { isFlexible } from '../../../broker/protocol/api-keys.ts';
import {
  readRequestHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from '../../../broker/protocol/headers.ts';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';

const cases = [
  {
    name: 'v1 for a plain version',
    hex: '000c 0000 00000007 0001 63',
    header: { apiKey: 12, apiVersion: 0, correlationId: 7, clientId: 'c' },
  },
  {
    name: 'v1 with a null client id',
    hex: '000c 0000 00000007 ffff',
    header: { apiKey: 12, apiVersion: 0, correlationId: 7, clientId: null },
  },
  {
    name: 'v2 for a flexible version',
    hex: '000c 0004 00000007 0001 63 00',
    header: { apiKey: 12, apiVersion: 4, correlationId: 7, clientId: 'c' },
  },
  {
    name: 'v0 for ControlledShutdown v0',
    hex: '0007 0000 00000007',
    header: { apiKey: 7, apiVersion: 0, correlationId: 7, clientId: null },
  },
];

describe('headers', () => {
  for (const { name, hex, header } of cases) {
    it(`reads and writes request header ${name}`, () => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      const reader = new Reader(bytes);
      expect(readRequestHeader(reader, isFlexible)).to.deep.equal(header);
      expect(reader.complete && reader.remaining === 0).to.equal(true);
      const writer = new Writer();
      writeRequestHeader(writer, header, isFlexible(header.apiKey, header.apiVersion));
      expect(writer.finish()).to.deep.equal(bytes);
    });
  }

  it('gives flexible responses tags, but never those of ApiVersions', () => {
    const written = (apiKey: number, flexible: boolean): string => {
      const writer = new Writer();
      writeResponseHeader(writer, apiKey, 7, flexible);
      return writer.finish().toString('hex');
    };
    expect(written(12, false)).to.equal('00000007');
    expect(written(12, true)).to.equal('0000000700');
    expect(written(18, true)).to.equal('00000007');
    expect(readResponseHeader(new Reader(Buffer.from('0000000700', 'hex')), 12, true)).to.equal(7);
  });
});
