import { expect } from 'chai';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { decodeClientFrame } from '../../../shared/ws-protocol/codec.ts';
import { WsProtocolError } from '../../../shared/ws-protocol/messages.ts';
import { vetFrame } from '../../../shared/ws-protocol/vet-frame.ts';

const packr = new Packr({ useRecords: false });
const plain = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 70_000 }),
);

describe('vetFrame()', () => {
  it('lets every array of plain values through', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, fc.array(fc.oneof(plain, fc.array(plain))))), (value) => {
        vetFrame(packr.pack(value));
      }),
    );
  });

  it('ends every random input with a protocol error or messages, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        // A first byte of 0x91 to 0x9f makes it past the outermost check more often.
        bytes[0] = 0x90 | (bytes[0]! & 0x0f);
        try {
          expect(decodeClientFrame(bytes)).to.be.an('array');
        } catch (error) {
          expect(error).to.be.instanceOf(WsProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses maps, extensions and the unused byte wherever they stand', () => {
    for (const byte of [0x80, 0x8f, 0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xde, 0xdf]) {
      const frame = Buffer.from([0x92, 0x01, byte, 0, 0, 0, 0, 0, 0, 0]);
      expect(() => vetFrame(frame), `0x${byte.toString(16)}`).to.throw(WsProtocolError, 'only nil, booleans');
    }
  });
});
