/** The records of zookeeper.jute, each once, in the words of `shared/znode`. */
import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import type { Acl } from '../znode/acl.ts';
import { OPEN_ACL_UNSAFE } from '../znode/acl.ts';
import type { Stat } from '../znode/stat.ts';
import type { Codec } from './schema.ts';
import { bool, buffer, int, long, longId, nullableText, record, text, vector } from './schema.ts';

const id = record({ scheme: text, id: text });
const acl = record({ perms: int, id });

/** The bytes of `world:anyone:cdrwa`, the list that nearly every request to create has: known by them, it is not made anew each time. */
const OPEN_ACL_BYTES = Buffer.from('000000010000001f00000005776f726c6400000006616e796f6e65', 'hex');
const plainAcls = vector(acl);
const acls: Codec<readonly Acl[]> = {
  write: plainAcls.write,
  read: (input: Reader) => {
    const { buffer: bytes, position } = input;
    const end = position + OPEN_ACL_BYTES.length;
    if (end > input.end || OPEN_ACL_BYTES.compare(bytes, position, end) !== 0) return plainAcls.read(input);
    input.position = end;
    return OPEN_ACL_UNSAFE;
  },
};

/** A record that is read for every request of its kind: straight down, without a look at each field's declaration. */
function readByHand<T>(codec: Codec<T>, read: (input: Reader) => T): Codec<T> {
  return { write: codec.write, read };
}

/** By hand: the record that is written most. */
export const stat: Codec<Stat> = {
  write: (out: Writer, value: Stat) => {
    out.i64(value.czxid);
    out.i64(value.mzxid);
    out.i64(value.ctime);
    out.i64(value.mtime);
    out.i32(value.version);
    out.i32(value.cversion);
    out.i32(value.aversion);
    if (value.ephemeralOwner === 0n) out.i64(0);
    else out.i64Big(value.ephemeralOwner);
    out.i32(value.dataLength);
    out.i32(value.numChildren);
    out.i64(value.pzxid);
  },
  read: (input: Reader) => ({
    czxid: input.i64(),
    mzxid: input.i64(),
    ctime: input.i64(),
    mtime: input.i64(),
    version: input.i32(),
    cversion: input.i32(),
    aversion: input.i32(),
    ephemeralOwner: input.i64Big(),
    dataLength: input.i32(),
    numChildren: input.i32(),
    pzxid: input.i64(),
  }),
};

export const connectRequest = record({
  protocolVersion: int,
  lastZxidSeen: long,
  timeoutMs: int,
  sessionId: longId,
  password: buffer,
});
export const connectResponse = record({ protocolVersion: int, timeoutMs: int, sessionId: longId, password: buffer });

export const replyHeader = record({ xid: int, zxid: long, err: int });
export const multiHeader: Codec<{ type: number; done: boolean; err: number }> = {
  write: (out, { type, done, err }) => {
    out.i32(type);
    out.bool(done);
    out.i32(err);
  },
  read: (input) => ({ type: input.i32(), done: input.bool(), err: input.i32() }),
};
export const watcherEvent = record({ type: int, state: int, path: text });

export const createRequest = readByHand(record({ path: text, data: buffer, acl: acls, flags: int }), (input) => ({
  path: text.read(input),
  data: buffer.read(input),
  acl: acls.read(input),
  flags: input.i32(),
}));
export const createTtlRequest = record({ path: text, data: buffer, acl: acls, flags: int, ttl: long });
export const pathVersion = readByHand(record({ path: text, version: int }), (input) => ({ path: text.read(input), version: input.i32() }));
export const pathWatch = readByHand(record({ path: text, watch: bool }), (input) => ({ path: text.read(input), watch: input.bool() }));
export const setDataRequest = readByHand(record({ path: text, data: buffer, version: int }), (input) => ({
  path: text.read(input),
  data: buffer.read(input),
  version: input.i32(),
}));
export const setAclRequest = record({ path: text, acl: acls, version: int });
export const path = record({ path: text });
export const pathType = record({ path: text, type: int });
export const addWatchRequest = record({ path: text, mode: int });
export const authPacket = record({ type: int, scheme: text, auth: buffer });
export const saslToken = record({ token: buffer });
export const setWatches = record({
  relativeZxid: long,
  dataWatches: vector(text),
  existWatches: vector(text),
  childWatches: vector(text),
});
export const setWatches2 = record({
  relativeZxid: long,
  dataWatches: vector(text),
  existWatches: vector(text),
  childWatches: vector(text),
  persistentWatches: vector(text),
  persistentRecursiveWatches: vector(text),
});
export const reconfigRequest = record({
  joiningServers: nullableText,
  leavingServers: nullableText,
  newMembers: nullableText,
  curConfigId: long,
});

export const pathStat = record({ path: text, stat });
export const statOnly = record({ stat });
export const dataStat = record({ data: buffer, stat });
export const aclStat = record({ acl: vector(acl), stat });

/** From so many names on a list's bytes are kept. */
const KEPT_NAMES_MIN = 32;
const keptNames = new WeakMap<readonly string[], Buffer>();
const plainNames = vector(text);
/** A long list of names is often sent again as it was: its bytes live as long as the list does. */
const names: Codec<readonly string[]> = {
  write: (out, value) => {
    if (value.length < KEPT_NAMES_MIN) return plainNames.write(out, value);
    let bytes = keptNames.get(value);
    if (bytes === undefined) {
      const own = new Writer(value.length * 16);
      plainNames.write(own, value);
      bytes = own.finish();
      keptNames.set(value, bytes);
    }
    out.reference(bytes);
  },
  read: plainNames.read,
};
export const children = record({ children: names });
export const childrenStat = record({ children: names, stat });
export const ephemerals = record({ ephemerals: vector(text) });
export const totalNumber = record({ totalNumber: int });
export const clientInfo = record({ clientInfo: vector(id) });
export const errorResponse = record({ err: int });
