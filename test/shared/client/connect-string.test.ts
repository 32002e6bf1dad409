import { expect } from 'chai';
import { formatServer, parseConnectString } from '../../../shared/client/connect-string.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';

describe('parseConnectString()', () => {
  it('reads servers, ports and the chroot', () => {
    expect(parseConnectString('a:1,b.example:22,127.0.0.1:2183/app/x')).to.deep.equal({
      servers: [
        { host: 'a', port: 1 },
        { host: 'b.example', port: 22 },
        { host: '127.0.0.1', port: 2183 },
      ],
      chroot: '/app/x',
    });
  });

  it('takes 2181 where no port is given, and / as no chroot', () => {
    expect(parseConnectString(' a , b/')).to.deep.equal({ servers: [{ host: 'a', port: 2181 }, { host: 'b', port: 2181 }], chroot: '' });
  });

  it('reads IPv6 addresses, bracketed or not', () => {
    expect(parseConnectString('[::1]:2182,::1').servers).to.deep.equal([
      { host: '::1', port: 2182 },
      { host: '::1', port: 2181 },
    ]);
    expect(formatServer({ host: '::1', port: 2182 })).to.equal('[::1]:2182');
  });

  for (const [text, message] of [
    ['', 'no server in ""'],
    ['/app', 'no server in "/app"'],
    ['a:xx', '"a:xx" is not an address'],
    ['a:0', '"a:0" is not an address'],
    ['a:65536', '"a:65536" is not an address'],
    ['a:1/app/', 'Path must not end with / character'],
    ['a:1/app//x', 'empty node name specified'],
  ] as const) {
    it(`refuses "${text}"`, () => {
      expect(() => parseConnectString(text)).to.throw(CoordinatorError, message);
    });
  }
});
