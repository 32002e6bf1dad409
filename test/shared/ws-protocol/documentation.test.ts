/** `docs/wire-websocket.md` promises bytes: here they are decoded, and what we send is those bytes. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import {
  decodeClientFrame,
  decodeServerFrame,
  encodeClientFrame,
  encodeServerFrame,
} from '../../../shared/ws-protocol/codec.ts';
import type { ClientMessage, ServerMessage } from '../../../shared/ws-protocol/messages.ts';
import { OpCode } from '../../../shared/znode/operations.ts';

const page = readFileSync(new URL('../../../docs/wire-websocket.md', import.meta.url), 'utf8');
const frames = [...page.matchAll(/^([<>]) ((?:[0-9a-f]{2} ?)+)$/gm)].map(([, direction, hex]) => ({
  direction: direction!,
  bytes: Buffer.from(hex!.replaceAll(' ', ''), 'hex'),
}));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const sessionId = 0x0100_003a_1e90_0000n;
const password = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex');
const stat = {
  czxid: 3,
  mzxid: 3,
  ctime: 1_795_348_450_830,
  mtime: 1_795_348_450_830,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: sessionId,
  dataLength: 2,
  numChildren: 0,
  pzxid: 3,
};

const sent: ClientMessage[][] = [
  [{ kind: 'connect', protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 6_000, sessionId: 0n, password: Buffer.alloc(16), readOnly: false }],
  [
    {
      kind: 'request',
      xid: 1,
      request: { op: 'create', path: '/m', data: Buffer.from('hi'), acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }], mode: 1 },
    },
    { kind: 'request', xid: 2, request: { op: 'getData', path: '/m', watch: true } },
  ],
  [
    { kind: 'request', xid: 3, request: { op: 'setData', path: '/m', data: Buffer.from('ho'), version: 0 } },
    { kind: 'request', xid: 4, request: { op: 'getData', path: '/x', watch: false } },
  ],
  [{ kind: 'request', xid: -2, request: { op: 'ping' } }],
  [{ kind: 'request', xid: 5, request: { op: 'closeSession' } }],
];
const received: ServerMessage[][] = [
  [{ kind: 'connected', timeoutMs: 6_000, sessionId, password, readOnly: false }],
  [
    { kind: 'reply', xid: 1, op: 'create', zxid: 3, error: 0, response: { path: '/m' } },
    { kind: 'reply', xid: 2, op: 'getData', zxid: 3, error: 0, response: { data: Buffer.from('hi'), stat } },
  ],
  [
    { kind: 'event', zxid: 4, type: 3, state: 3, path: '/m' },
    { kind: 'reply', xid: 3, op: 'setData', zxid: 4, error: 0, response: { stat: { ...stat, mzxid: 4, version: 1 } } },
    { kind: 'reply', xid: 4, op: 'getData', zxid: 4, error: -101, response: null },
  ],
  [{ kind: 'reply', xid: -2, op: 'ping', zxid: 4, error: 0, response: null }],
  [{ kind: 'reply', xid: 5, op: 'closeSession', zxid: 5, error: 0, response: null }],
];

describe('docs/wire-websocket.md', () => {
  it('shows what a client sends', () => {
    const bytes = frames.filter(({ direction }) => direction === '>').map((frame) => frame.bytes);
    expect(bytes.map((frame) => decodeClientFrame(frame))).to.deep.equal(sent);
    expect(sent.map((messages) => hexOf(encodeClientFrame(messages)))).to.deep.equal(bytes.map(hexOf));
  });

  it('shows what a server sends', () => {
    const bytes = frames.filter(({ direction }) => direction === '<').map((frame) => frame.bytes);
    expect(bytes.map((frame) => decodeServerFrame(frame))).to.deep.equal(received);
    expect(received.map((messages) => hexOf(encodeServerFrame(messages)))).to.deep.equal(bytes.map(hexOf));
  });

  it('lists every operation with its opcode', () => {
    const requests = page.slice(page.indexOf('## Requests'), page.indexOf('## Events'));
    const rows = new Map<string, number>();
    for (const [, codes, names] of requests.matchAll(/^\| ([-\d, ]+) \| ([\w, ]+) \|/gm)) {
      const numbers = codes!.split(',').map(Number);
      names!.split(',').forEach((name, i) => rows.set(name.trim(), numbers[i]!));
    }
    const notForSessions = new Set(['deleteContainer', 'createSession', 'setWatches2']);
    const expected = Object.entries(OpCode).filter(([name]) => !notForSessions.has(name));
    expect(new Map([...rows].toSorted())).to.deep.equal(new Map(expected.toSorted()));
  });
});
