/** The client's answer to a DIGEST-MD5 challenge, by the book (RFC 2831, 2.1.2). */
import { createHash } from 'node:crypto';

export interface DigestMd5Fields {
  user: string;
  password: string;
  nonce: string;
  realm?: string;
  uri?: string;
  nc?: string;
  qop?: string;
  authzid?: string;
}

export function digestMd5Response(fields: DigestMd5Fields): Buffer {
  const { user, password, nonce, realm = 'zk-sasl-md5', uri = 'zookeeper/zk-sasl-md5', nc = '00000001', qop = 'auth', authzid } = fields;
  const md5 = (data: string | Buffer): Buffer => createHash('md5').update(data).digest();
  const tail = authzid === undefined ? '' : `:${authzid}`;
  const a1 = md5(Buffer.concat([md5(`${user}:${realm}:${password}`), Buffer.from(`:${nonce}:cnonce${tail}`)])).toString('hex');
  const response = md5(`${a1}:${nonce}:${nc}:cnonce:${qop}:${md5(`AUTHENTICATE:${uri}`).toString('hex')}`).toString('hex');
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  return Buffer.from(
    `charset=utf-8,username=${quote(user)},realm=${quote(realm)},nonce=${quote(nonce)},nc=${nc},cnonce="cnonce",` +
      `digest-uri=${quote(uri)},maxbuf=65536,response=${response},qop=${qop}${authzid === undefined ? '' : `,authzid=${quote(authzid)}`}`,
  );
}
