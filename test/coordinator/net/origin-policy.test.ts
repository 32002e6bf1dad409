import { expect } from 'chai';
import { WebSocket } from 'ws';
import { isOriginAllowed } from '../../../coordinator/net/origin-policy.ts';
import { closeMembers, testMember } from '../server/test-member.ts';

const policy = { allowed: ['https://dash.example:8443'], hostName: 'zoo1' };

describe('isOriginAllowed', () => {
  const cases: [origin: string | undefined, host: string | undefined, allowed: boolean][] = [
    [undefined, 'anything:2181', true],
    ['http://localhost:3000', 'zoo1:2181', true],
    ['http://app.localhost', 'zoo1:2181', true],
    ['http://127.0.0.1:8080', '127.0.0.1:2181', true],
    ['http://[::1]:8080', '10.0.0.1:2181', true],
    ['http://10.0.0.1', '10.0.0.1:2181', true],
    ['http://ZOO1:80', 'zoo1:2181', true],
    ['https://dash.example:8443', 'zoo1:2181', true],
    ['https://DASH.example:8443', 'zoo1:2181', true],
    ['https://dash.example', 'zoo1:2181', false],
    ['https://evil.example', 'localhost:2181', false],
    ['http://10.0.0.2', '10.0.0.1:2181', false],
    ['http://10.0.0.1', undefined, false],
    // The name was pointed here after the page had been loaded.
    ['http://evil.example:2181', 'evil.example:2181', false],
    ['http://127.evil.example', '127.evil.example', false],
    ['http://localhost.evil.example', 'localhost:2181', false],
    ['null', 'localhost:2181', false],
    ['', 'localhost:2181', false],
    ['file:///tmp/page.html', 'localhost:2181', false],
    ['chrome-extension://localhost', 'localhost:2181', false],
  ];
  for (const [origin, host, allowed] of cases) {
    it(`${allowed ? 'lets' : 'keeps'} a page of ${origin ?? 'nobody'} ${allowed ? 'in to' : 'out of'} ${host ?? 'nowhere'}`, () => {
      expect(isOriginAllowed(policy, origin, host)).to.equal(allowed);
    });
  }
  it('lets every page in that * stands for, and pages without an origin where they are named', () => {
    expect(isOriginAllowed({ ...policy, allowed: ['*'] }, 'https://evil.example', 'a')).to.equal(true);
    expect(isOriginAllowed({ ...policy, allowed: ['null'] }, 'null', 'a')).to.equal(true);
  });
});

describe('the WebSocket door and web pages', () => {
  afterEach(closeMembers);

  /** What a browser with a page of `origin` would see: `open`, or the status it is refused with. */
  function upgrade(port: number, origin: string): Promise<string> {
    return new Promise((resolve) => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { origin });
      ws.on('open', () => resolve('open'));
      ws.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)));
      ws.on('error', () => undefined); // the status was told already
      ws.once('open', () => ws.terminate());
    });
  }

  it('refuses a foreign page before there is a session, and lets the named one in', async () => {
    const { member } = await testMember({ 'websocket.allowedOrigins': 'https://dash.example' });
    expect(await upgrade(member.port, 'https://evil.example')).to.equal('403');
    expect(await upgrade(member.port, 'null')).to.equal('403');
    expect(member.view.connections()).to.have.length(0);
    expect(await upgrade(member.port, 'https://dash.example')).to.equal('open');
    expect(await upgrade(member.port, `http://127.0.0.1:${member.port}`)).to.equal('open');
  });
});
