import { expect } from 'chai';
import fc from 'fast-check';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import { readResponse, writeRequest } from '../../../shared/jute/client-codec.ts';
import { JuteError, readRequest, writeResponse } from '../../../shared/jute/codec.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import type { MultiResult, Request, ResponseByOp } from '../../../shared/znode/operations.ts';

const hexOf = (request: Request): string => {
  const out = new Writer();
  writeRequest(out, request);
  return out.finish().toString('hex');
};
const reader = (hex: string): Reader => new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (text: string): string => text.replaceAll(' ', '');

const path = fc.string().map((name) => `/${name}`);
const int = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const zxid = fc.maxSafeInteger();
const data = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
const acl = fc.array(fc.record({ perms: int, id: fc.record({ scheme: fc.string(), id: fc.string() }) }), { maxLength: 3 });
const mode = fc.constantFrom(0, 1, 2, 3, 4, 5, 6) as fc.Arbitrary<0 | 1 | 2 | 3 | 4 | 5 | 6>;
const stat = fc.record({
  czxid: zxid, mzxid: zxid, ctime: zxid, mtime: zxid, version: int, cversion: int, aversion: int,
  ephemeralOwner: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), dataLength: int, numChildren: int, pzxid: zxid,
});

const create = fc.record({ op: fc.constantFrom('create' as const, 'create2' as const, 'createContainer' as const), path, data, acl, mode });
const multiOp = fc.oneof(
  create,
  fc.record({ op: fc.constant('createTTL' as const), path, data, acl, mode, ttlMs: zxid }),
  fc.record({ op: fc.constantFrom('delete' as const, 'check' as const), path, version: int }),
  fc.record({ op: fc.constant('setData' as const), path, data, version: int }),
);
const paths = fc.array(path, { maxLength: 3 });
const request = fc.oneof(
  multiOp,
  fc.record({ op: fc.constant('multi' as const), ops: fc.array(multiOp, { maxLength: 4 }) }),
  fc.record({ op: fc.constant('setACL' as const), path, acl, version: int }),
  fc.record({ op: fc.constantFrom('exists' as const, 'getData' as const, 'getChildren' as const, 'getChildren2' as const), path, watch: fc.boolean() }),
  fc.record({ op: fc.constantFrom('getACL' as const, 'sync' as const, 'getAllChildrenNumber' as const, 'getEphemerals' as const), path }),
  fc.record({ op: fc.constant('auth' as const), scheme: fc.string(), auth: data }),
  fc.record({
    op: fc.constant('setWatches' as const), relativeZxid: zxid, dataWatches: paths, existWatches: paths, childWatches: paths,
    persistentWatches: paths, persistentRecursiveWatches: paths,
  }),
  fc.record({ op: fc.constantFrom('ping' as const, 'whoAmI' as const, 'closeSession' as const) }),
) as fc.Arbitrary<Request>;
const result = fc.oneof(
  fc.record({ op: fc.constant('create' as const), path }),
  fc.record({ op: fc.constantFrom('create2' as const, 'createContainer' as const, 'createTTL' as const), path, stat }),
  fc.record({ op: fc.constant('setData' as const), stat }),
  fc.record({ op: fc.constantFrom('delete' as const, 'check' as const) }),
  fc.record({ op: fc.constant('getData' as const), data, stat }),
  fc.record({ op: fc.constant('error' as const), error: int }),
) as fc.Arbitrary<MultiResult>;

describe('writeRequest()', () => {
  it('writes what ZooKeeper reads', () => {
    expect(hexOf({ op: 'getData', path: '/a', watch: true })).to.equal(hex('00000004 00000002 2f61 01'));
    expect(hexOf({ op: 'create', path: '/a', data: Buffer.from('x'), acl: OPEN_ACL_UNSAFE, mode: 1 })).to.equal(
      hex('00000001 00000002 2f61 00000001 78 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000001'),
    );
    expect(hexOf({ op: 'multi', ops: [{ op: 'delete', path: '/a', version: -1 }] })).to.equal(
      hex('0000000e 00000002 00 ffffffff 00000002 2f61 ffffffff ffffffff 01 ffffffff'),
    );
    expect(hexOf({ op: 'auth', scheme: 'ip', auth: null })).to.equal(hex('00000064 00000000 00000002 6970 ffffffff'));
    expect(hexOf({ op: 'ping' })).to.equal('0000000b');
  });

  it('asks for the older setWatches unless there are persistent watches', () => {
    const lists = { dataWatches: ['/a'], existWatches: [], childWatches: [], persistentWatches: [], persistentRecursiveWatches: [] };
    expect(hexOf({ op: 'setWatches', relativeZxid: 1, ...lists })).to.equal(
      hex('00000065 0000000000000001 00000001 00000002 2f61 00000000 00000000'),
    );
    expect(hexOf({ op: 'setWatches', relativeZxid: 1, ...lists, persistentWatches: ['/b'] })).to.equal(
      hex('00000069 0000000000000001 00000001 00000002 2f61 00000000 00000000 00000001 00000002 2f62 00000000'),
    );
  });

  it('is understood by the server’s direction, whatever the request', () => {
    fc.assert(
      fc.property(request, (sent) => {
        const out = new Writer();
        writeRequest(out, sent);
        const input = new Reader(out.finish());
        expect(readRequest(input.i32(), input)).to.deep.equal(sent);
        expect(input.remaining).to.equal(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('readResponse()', () => {
  it('reads the results of a multi, and of one that failed', () => {
    const succeeded = reader('00000001 00 00000000 00000002 2f61  00000002 00 00000000  ffffffff 01 ffffffff');
    expect(readResponse('multi', succeeded)).to.deep.equal({ results: [{ op: 'create', path: '/a' }, { op: 'delete' }] });
    const failed = reader('ffffffff 00 00000000 00000000  ffffffff 00 ffffff9b ffffff9b  ffffffff 01 ffffffff');
    expect(readResponse('multi', failed)).to.deep.equal({ results: [{ op: 'error', error: 0 }, { op: 'error', error: -101 }] });
  });

  it('understands the server’s direction, whatever the answer', () => {
    fc.assert(
      fc.property(stat, data, paths, fc.array(result, { maxLength: 4 }), (aStat, someData, children, results) => {
        const answers = {
          getData: { data: someData, stat: aStat },
          getChildren2: { children, stat: aStat },
          exists: { stat: aStat },
          multi: { results },
        } satisfies Partial<ResponseByOp>;
        for (const [op, answer] of Object.entries(answers)) {
          const out = new Writer();
          writeResponse(out, op as 'getData', answer as ResponseByOp['getData']);
          expect(readResponse(op as Request['op'], new Reader(out.finish()))).to.deep.equal(answer);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('refuses an answer that is not whole, and results of no operation', () => {
    expect(() => readResponse('create', reader('00000005 2f61'))).to.throw(JuteError, 'The answer to create is not whole: need 5 bytes at 4, have 2');
    expect(() => readResponse('multi', reader('00000001 00 00000000 00000002 2f61'))).to.throw(JuteError, 'not whole');
    expect(() => readResponse('multi', reader('00000063 00 00000000'))).to.throw(JuteError, 'a result of type 99');
  });
});
