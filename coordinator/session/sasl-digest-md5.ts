/**
 * The server's side of DIGEST-MD5 (RFC 2831), which ZooKeeper's clients offer when they have a name and a password: three messages,
 *
 *     server  realm="zk-sasl-md5",nonce="…",charset=utf-8,algorithm=md5-sess
 *     client  username="bob",realm="…",nonce="…",nc=00000001,cnonce="…",digest-uri="zookeeper/zk-sasl-md5",response=…,qop=auth
 *     server  rspauth=…
 *
 * The password itself is never sent. MD5 is old: this keeps out who doesn't know it, not who can listen and compute.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** What the original's servers and clients call themselves. */
const REALM = 'zk-sasl-md5';
const SERVICE = 'zookeeper/';
/** Bytes of a client's message: a name, and fields of fixed size. */
const MESSAGE_BYTES_MAX = 4096;

export type SaslStep =
  | { kind: 'challenge'; token: Buffer }
  | { kind: 'done'; token: Buffer; user: string }
  | { kind: 'failed'; reason: string };

export class DigestMd5Server {
  private readonly passwordOf: (user: string) => string | undefined;
  private readonly nonce: string;
  private state: 'initial' | 'challenged' | 'over' = 'initial';

  /** @param nonce never used before, and not to be guessed. */
  constructor(passwordOf: (user: string) => string | undefined, nonce: string) {
    this.passwordOf = passwordOf;
    this.nonce = nonce;
  }

  step(token: Uint8Array | null): SaslStep {
    switch (this.state) {
      case 'initial':
        this.state = 'challenged';
        return { kind: 'challenge', token: Buffer.from(`realm="${REALM}",nonce="${this.nonce}",charset=utf-8,algorithm=md5-sess`) };
      case 'challenged':
        this.state = 'over';
        return this.verify(Buffer.from(token ?? []));
      case 'over':
        return failed('the exchange is over');
    }
  }

  private verify(message: Buffer): SaslStep {
    if (message.length > MESSAGE_BYTES_MAX) return failed(`a response of ${message.length} bytes`);
    const fields = parseFields(message.toString());
    if (fields === null) return failed('a response that is no list of fields');
    const { username = '', realm = '', nonce, nc, cnonce, 'digest-uri': uri = '', response = '', qop = 'auth', authzid } = fields;
    if (nonce !== this.nonce) return failed('a nonce that is not ours');
    if (nc !== '00000001') return failed(`nonce count ${nc}, expected 00000001`);
    if (cnonce === undefined || cnonce === '') return failed('no cnonce');
    if (realm !== REALM) return failed(`realm "${realm}", expected "${REALM}"`);
    if (!uri.startsWith(SERVICE)) return failed(`digest-uri "${uri}", expected "${SERVICE}…"`);
    if (qop !== 'auth') return failed(`qop ${qop}, only auth is offered`);
    if (authzid !== undefined && authzid !== '' && authzid !== username) return failed(`"${username}" may not act as "${authzid}"`);
    const password = this.passwordOf(username);
    // Reckoned for unknown users too, so that the time it takes doesn't tell them from known ones.
    const tail = authzid === undefined || authzid === '' ? '' : `:${authzid}`;
    const a1 = md5(Buffer.concat([md5(`${username}:${realm}:${password ?? ''}`), Buffer.from(`:${this.nonce}:${cnonce}${tail}`)]));
    const answer = (a2: string): string =>
      md5(`${a1.toString('hex')}:${this.nonce}:${nc}:${cnonce}:${qop}:${md5(a2).toString('hex')}`).toString('hex');
    const expected = Buffer.from(answer(`AUTHENTICATE:${uri}`));
    const given = Buffer.from(response);
    const matches = given.length === expected.length && timingSafeEqual(given, expected);
    if (!matches || password === undefined) return failed(`a wrong name or password ("${username}")`);
    return { kind: 'done', user: username, token: Buffer.from(`rspauth=${answer(`:${uri}`)}`) };
  }
}

function failed(reason: string): SaslStep {
  return { kind: 'failed', reason };
}

function md5(data: string | Buffer): Buffer {
  return createHash('md5').update(data).digest();
}

/** `key=value,key="quoted \" value"`; null when it is something else, or says a thing twice. */
function parseFields(text: string): Partial<Record<string, string>> | null {
  const fields = new Map<string, string>();
  const pattern = /\s*([a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))\s*(?:,|$)/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, key, quoted, plain] = match;
    if (fields.has(key!)) return null;
    fields.set(key!, quoted?.replace(/\\(.)/g, '$1') ?? plain!);
  }
  return Object.fromEntries(fields);
}
