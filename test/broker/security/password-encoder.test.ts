import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { PasswordEncoder } from '../../../broker/security/password-encoder.ts';
import type { PasswordEncoderOptions } from '../../../broker/security/password-encoder.ts';

/** Written by Kafka 3.4.0 with password.encoder.secret=abc and the other settings' defaults. */
const BY_KAFKA =
  'encryptedPassword:KIDuoz8NXQYyBivyIMGOxg==,keyLength:128,cipherAlgorithm:AES/CBC/PKCS5Padding,initializationVector:ixcfDXPvfwYTdgtQ1icp/w==,keyFactoryAlgorithm:PBKDF2WithHmacSHA512,passwordLength:8,salt:loqwThO5cKrbEt8OpqeZNVdHpvZxGjSZVC23ut0fUg2gt1358sw341r4eFIzdJKwofJ4tnLV9CU+cNg52SclKeKekO5aoD9oWNZbnZy3XWZvw0cUjMyK9N3MSDZTddIGo2Hdn8GH07fwO0KrqifViJlNZvSMYxvDAblmGNkeq41L7xdZHeAsamZ9sCUB0Ysa11KfO9kR/GZ+aT2Ehjusgdfh44lR+tIm7Ztcv36SPO0yiBYSGDSPEQ3cwPTZZp3lb6SD3j6B/YtBYR8JdVhzgk9NanuHc3WYvvW554io9eFm9S0cr/nrXr2SqEV986NiknvMnA7IZ64lsznLylSn1A==,iterations:4096';

describe('PasswordEncoder', () => {
  const encoder = (more: Partial<PasswordEncoderOptions> = {}): PasswordEncoder =>
    new PasswordEncoder({
      secret: 'abc',
      oldSecret: null,
      keyFactoryAlgorithm: null,
      cipherAlgorithm: 'AES/CBC/PKCS5Padding',
      keyLengthBits: 128,
      iterations: 4096,
      random: randomBytes,
      ...more,
    });

  it('reads what Kafka wrote, and writes in the same form', () => {
    expect(encoder().decode(BY_KAFKA)).to.equal('pässword');
    const names = (text: string): string[] => text.split(',').map((part) => part.split(':')[0]!);
    const encoded = encoder().encode('pässword');
    expect(names(encoded)).to.deep.equal(names(BY_KAFKA));
    expect(encoder().decode(encoded)).to.equal('pässword');
    expect(encoder().encode('pässword')).to.not.equal(encoded);
  });

  it('reads what was written under the old secret, and with other keys', () => {
    expect(encoder({ secret: 'new', oldSecret: 'abc' }).decode(BY_KAFKA)).to.equal('pässword');
    const other = encoder({ keyLengthBits: 256, keyFactoryAlgorithm: 'PBKDF2WithHmacSHA256', iterations: 2048 }).encode('x');
    expect(encoder().decode(other)).to.equal('x');
  });

  it('says when it cannot', () => {
    expect(() => encoder({ secret: 'wrong' }).decode(BY_KAFKA)).to.throw('cannot be decrypted');
    expect(() => encoder().decode('nonsense')).to.throw('cannot be decrypted');
    expect(() => encoder({ cipherAlgorithm: 'DES' }).encode('x')).to.throw('password.encoder.cipher.algorithm DES is not known here');
    expect(() => encoder({ keyLengthBits: 100 }).encode('x')).to.throw('A key of 100 bits is none of AES');
  });
});
