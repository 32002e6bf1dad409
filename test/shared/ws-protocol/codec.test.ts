import { expect } from 'chai';
import { Packr } from 'msgpackr';
import {
  decodeClientFrame,
  decodeServerFrame,
  encodeClientFrame,
  encodeServerFrame,
} from '../../../shared/ws-protocol/codec.ts';
import type { ClientMessage, ServerMessage } from '../../../shared/ws-protocol/messages.ts';
import { WsProtocolError } from '../../../shared/ws-protocol/messages.ts';
import type { Acl } from '../../../shared/znode/acl.ts';
import type { Request } from '../../../shared/znode/operations.ts';
import type { Stat } from '../../../shared/znode/stat.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const pack = (value: unknown): Uint8Array => new Packr({ useRecords: false }).pack(value);

const acl: Acl[] = [
  { perms: 31, id: { scheme: 'world', id: 'anyone' } },
  { perms: 1, id: { scheme: 'digest', id: 'bob:hash' } },
];
const stat: Stat = {
  czxid: 0x1_0000_0003,
  mzxid: 4,
  ctime: 1_795_348_450_830,
  mtime: 1_795_348_450_831,
  version: 2,
  cversion: -1,
  aversion: 0,
  ephemeralOwner: -0x7f00_0000_0000_0001n,
  dataLength: 3,
  numChildren: 1_000_000,
  pzxid: 0x1_0000_0003,
};

const requests: Request[] = [
  { op: 'create', path: '/a', data: Buffer.from('x'), acl, mode: 3 },
  { op: 'create2', path: '/a', data: null, acl: [], mode: 0 },
  { op: 'createContainer', path: '/c', data: Buffer.alloc(0), acl, mode: 4 },
  { op: 'createTTL', path: '/t', data: Buffer.alloc(70_000, 7), acl, mode: 5, ttlMs: 1_099_511_627_775 },
  { op: 'delete', path: '/a', version: -1 },
  { op: 'check', path: '/a', version: 2_147_483_647 },
  { op: 'setData', path: '/ünï', data: Buffer.from([0, 255]), version: 0 },
  { op: 'setACL', path: '/a', acl, version: 1 },
  { op: 'multi', ops: [{ op: 'check', path: '/a', version: 1 }, { op: 'create', path: '/b', data: null, acl, mode: 1 }] },
  { op: 'multi', ops: [] },
  { op: 'multiRead', ops: [{ op: 'getData', path: '/a', watch: false }, { op: 'getChildren', path: '/', watch: false }] },
  { op: 'reconfig', joiningServers: 'server.1=a', leavingServers: null, newMembers: null, curConfigId: -1 },
  { op: 'exists', path: '/a', watch: true },
  { op: 'getData', path: '/a', watch: false },
  { op: 'getChildren', path: '/', watch: true },
  { op: 'getChildren2', path: '/', watch: false },
  { op: 'getACL', path: '/a' },
  { op: 'sync', path: '/' },
  { op: 'getAllChildrenNumber', path: '/' },
  { op: 'getEphemerals', path: '/' },
  { op: 'checkWatches', path: '/a', type: 1 },
  { op: 'removeWatches', path: '/a', type: 3 },
  { op: 'addWatch', path: '/a', mode: 1 },
  {
    op: 'setWatches',
    relativeZxid: 2 ** 40,
    dataWatches: ['/a'],
    existWatches: [],
    childWatches: ['/', '/b'],
    persistentWatches: ['/p'],
    persistentRecursiveWatches: ['/r'],
  },
  { op: 'auth', scheme: 'digest', auth: Buffer.from('bob:secret') },
  { op: 'sasl', token: Buffer.from('username="bob"') },
  { op: 'ping' },
  { op: 'whoAmI' },
  { op: 'closeSession' },
];

const serverMessages: ServerMessage[] = [
  { kind: 'connected', timeoutMs: 30_000, sessionId: 0x1000_03a1_e900_000n, password: Buffer.alloc(16, 9), readOnly: false },
  { kind: 'event', zxid: 2 ** 33, type: 4, state: 3, path: '/brokers/ids' },
  { kind: 'reply', xid: 1, op: 'create', zxid: 5, error: 0, response: { path: '/a0000000001' } },
  { kind: 'reply', xid: 2, op: 'create2', zxid: 5, error: 0, response: { path: '/a', stat } },
  { kind: 'reply', xid: 3, op: 'createTTL', zxid: 5, error: 0, response: { path: '/a', stat } },
  { kind: 'reply', xid: 4, op: 'delete', zxid: 5, error: 0, response: null },
  { kind: 'reply', xid: 5, op: 'delete', zxid: 6, error: -101, response: null },
  { kind: 'reply', xid: 6, op: 'setData', zxid: 5, error: 0, response: { stat } },
  { kind: 'reply', xid: 7, op: 'setACL', zxid: 5, error: 0, response: { stat } },
  {
    kind: 'reply',
    xid: 8,
    op: 'multi',
    zxid: 5,
    error: 0,
    response: {
      results: [{ op: 'create', path: '/x' }, { op: 'create2', path: '/y', stat }, { op: 'setData', stat }, { op: 'delete' }, { op: 'check' }],
    },
  },
  { kind: 'reply', xid: 9, op: 'multi', zxid: 5, error: 0, response: { results: [{ op: 'error', error: 0 }, { op: 'error', error: -110 }] } },
  {
    kind: 'reply',
    xid: 10,
    op: 'multiRead',
    zxid: 5,
    error: 0,
    response: { results: [{ op: 'getData', data: null, stat }, { op: 'getChildren', children: ['a'] }, { op: 'error', error: -101 }] },
  },
  { kind: 'reply', xid: 11, op: 'reconfig', zxid: 5, error: 0, response: { data: Buffer.from('server.1='), stat } },
  { kind: 'reply', xid: 12, op: 'exists', zxid: 5, error: 0, response: { stat } },
  { kind: 'reply', xid: 13, op: 'getData', zxid: 5, error: 0, response: { data: Buffer.alloc(300, 1), stat } },
  { kind: 'reply', xid: 14, op: 'getACL', zxid: 5, error: 0, response: { acl, stat } },
  { kind: 'reply', xid: 15, op: 'getChildren', zxid: 5, error: 0, response: { children: [] } },
  { kind: 'reply', xid: 16, op: 'getChildren2', zxid: 5, error: 0, response: { children: ['a', 'b'], stat } },
  { kind: 'reply', xid: 17, op: 'sync', zxid: 5, error: 0, response: { path: '/' } },
  { kind: 'reply', xid: 18, op: 'getAllChildrenNumber', zxid: 5, error: 0, response: { totalNumber: 10 } },
  { kind: 'reply', xid: 19, op: 'getEphemerals', zxid: 5, error: 0, response: { ephemerals: ['/a/e1'] } },
  { kind: 'reply', xid: 20, op: 'whoAmI', zxid: 5, error: 0, response: { clientInfo: [{ scheme: 'ip', id: '127.0.0.1' }] } },
  { kind: 'reply', xid: -8, op: 'setWatches', zxid: 5, error: 0, response: null },
  { kind: 'reply', xid: -2, op: 'ping', zxid: 5, error: 0, response: null },
  { kind: 'reply', xid: 21, op: 'addWatch', zxid: 5, error: 0, response: null },
];

describe('ws-protocol codec', () => {
  it('reads a connect written by hand', () => {
    // One message of 8 fields: xid 0, opcode -10, version 0, zxid 3 as int64, 30000 as uint16, session id as int64.
    const frame = hex('91 98 00 f6 00 d3 0000000000000003 cd 7530 d3 ff00000000000001 c4 10 000102030405060708090a0b0c0d0e0f c2');
    expect(decodeClientFrame(frame)).to.deep.equal([
      {
        kind: 'connect',
        protocolVersion: 0,
        lastZxidSeen: 3,
        timeoutMs: 30_000,
        sessionId: -0x00ff_ffff_ffff_ffffn,
        password: hex('000102030405060708090a0b0c0d0e0f'),
        readOnly: false,
      },
    ]);
  });

  it('has a disconnect grace as the last field of the handshake, where it is spoken of', () => {
    const password = Buffer.alloc(16, 1);
    const connect: ClientMessage = {
      kind: 'connect', protocolVersion: 0, lastZxidSeen: 3, timeoutMs: 6000, sessionId: 0n, password, readOnly: false, disconnectGraceMs: 250,
    };
    const frame = encodeClientFrame([connect]);
    expect(Buffer.from(frame).toString('hex')).to.match(/^9199.*c2ccfa$/);
    expect(decodeClientFrame(frame)).to.deep.equal([connect]);
    const connected: ServerMessage = { kind: 'connected', timeoutMs: 6000, sessionId: 7n, password, readOnly: false, disconnectGraceMs: 250 };
    expect(decodeServerFrame(encodeServerFrame([connected]))).to.deep.equal([connected]);
    const negative = encodeClientFrame([{ ...connect, disconnectGraceMs: -1 }]);
    expect(() => decodeClientFrame(negative)).to.throw(WsProtocolError, 'disconnectGraceMs should be an integer of 0');
  });

  it('writes a batch of two requests as the page says', () => {
    const frame = encodeClientFrame([
      { kind: 'request', xid: 1, request: { op: 'exists', path: '/a', watch: true } },
      { kind: 'request', xid: -2, request: { op: 'ping' } },
    ]);
    expect(Buffer.from(frame).toString('hex')).to.equal(hex('92 94 01 03 a2 2f61 c3 92 fe 0b').toString('hex'));
  });

  it('reads an event and an error reply written by hand', () => {
    const frame = hex('92 97 ff 00 cb 41f0000000300000 00 03 03 a2 2f61 94 07 04 05 d0 9b');
    expect(decodeServerFrame(frame)).to.deep.equal([
      { kind: 'event', zxid: 0x1_0000_0003, type: 3, state: 3, path: '/a' },
      { kind: 'reply', xid: 7, op: 'getData', zxid: 5, error: -101, response: null },
    ]);
  });

  it('takes every request there and back, one by one and as one batch', () => {
    const messages = requests.map((request, i): ClientMessage => ({ kind: 'request', xid: i + 1, request }));
    for (const message of messages) expect(decodeClientFrame(encodeClientFrame([message]))).to.deep.equal([message]);
    expect(decodeClientFrame(encodeClientFrame(messages))).to.deep.equal(messages);
  });

  it('takes every server message there and back, one by one and as one batch', () => {
    for (const message of serverMessages) expect(decodeServerFrame(encodeServerFrame([message]))).to.deep.equal([message]);
    expect(decodeServerFrame(encodeServerFrame(serverMessages))).to.deep.equal(serverMessages);
  });

  it('reads no prefix of a frame as a frame', () => {
    const frame = encodeClientFrame(requests.slice(0, 3).map((request, xid) => ({ kind: 'request', xid, request })));
    for (let size = 0; size < frame.length; size++) {
      expect(() => decodeClientFrame(frame.subarray(0, size)), `the first ${size} bytes`).to.throw(WsProtocolError);
    }
  });

  const refused: [what: string, frame: Uint8Array, error: string][] = [
    ['a frame that is no array', pack('hello'), 'A frame is one array of messages'],
    ['bytes after the array', hex('90 00'), '1 bytes follow'],
    ['a map', hex('91 81 a1 61 01'), 'Byte 0x81 at 1: only nil'],
    ['an extension', hex('91 d4 72 40'), 'Byte 0xd4 at 1: only nil'],
    ['a lying array length', hex('dd ffffffff 00'), 'announces 4294967295 items'],
    ['a lying text length', hex('91 db ffffffff 61'), "runs past the frame's 7 bytes"],
    ['deep nesting', Buffer.alloc(100_000, 0x91), 'nested more than 7 deep'],
    ['a message that is no array', pack([1]), 'message 0: should be an array'],
    ['no opcode', pack([[1]]), 'message 0: opcode should be an integer of -2147483648 to 2147483647, is nothing'],
    ['an opcode nobody has', pack([[1, 999]]), 'message 0: unknown opcode 999'],
    ['an opcode of the server', pack([[1, 20, '/a', 0]]), 'message 0: unknown opcode 20'],
    ['a path of another type', pack([[1, 3, 5, false]]), 'exists request (xid 1): path should be text, is 5'],
    ['a missing field', pack([[1, 3, '/a']]), 'exists request (xid 1): watch should be a boolean, is nothing'],
    ['a field too many', pack([[1, 3, '/a', true, 1]]), 'exists request (xid 1): has 5 fields, expected 4'],
    ['a version beyond int32', pack([[1, 2, '/a', 2 ** 31]]), 'version should be an integer of -2147483648 to 2147483647, is 2147483648'],
    ['a fraction', pack([[1, 2, '/a', 0.5]]), 'version should be an integer'],
    ['text as data', pack([[1, 5, '/a', 'text', 0]]), 'data should be bytes or nil, is "text"'],
    ['a broken ACL', pack([[1, 1, '/a', null, [[31, 'world']], 0]]), 'create request (xid 1): acl[0]: id should be text, is nothing'],
    ['a mode nobody has', pack([[1, 1, '/a', null, [], 9]]), 'mode should be an integer of 0 to 6, is 9'],
    ['a mode of another create', pack([[1, 1, '/a', null, [], 4]]), 'create request: mode 4 is not one of this operation'],
    ['a multi in a multi', pack([[1, 14, [[14, []]]]]), "ops[0]: opcode 14 can't be part of this request"],
    ['a read in a multi', pack([[1, 14, [[3, '/a', false]]]]), "ops[0]: opcode 3 can't be part of this request"],
    ['a short password', pack([[0, -10, 0, 0, 1000, 0, Buffer.alloc(15), false]]), 'connect: password should be 16 bytes, is 15 bytes'],
    ['a session id beyond int64', hex('91 98 00 f6 00 00 00 cf ffffffffffffffff c4 00 c2'), 'sessionId should be a signed 64-bit integer'],
    ['a negative zxid', pack([[0, -10, 0, -1, 1000, 0, Buffer.alloc(16), false]]), 'lastZxidSeen should be an integer of 0 to'],
    ['too many messages', pack(Array.from({ length: 10_001 }, () => [1, 11])), 'at most 10000 messages, this one 10001'],
  ];
  for (const [what, frame, error] of refused) {
    it(`refuses ${what} from a client`, () => {
      expect(() => decodeClientFrame(frame)).to.throw(WsProtocolError, error);
    });
  }

  it('refuses an event of an unknown type or state from a server', () => {
    expect(() => decodeServerFrame(pack([[-1, 0, 5, 0, 9, 3, '/a']]))).to.throw(WsProtocolError, 'event: unknown type 9');
    expect(() => decodeServerFrame(pack([[-1, 0, 5, 0, 1, 99, '/a']]))).to.throw(WsProtocolError, 'event: unknown state 99');
  });

  it('refuses an unknown result of a multi from a server', () => {
    expect(() => decodeServerFrame(pack([[1, 14, 5, 0, [[107]]]]))).to.throw(WsProtocolError, 'results[0]: unexpected opcode 107');
  });
});
