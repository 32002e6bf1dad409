import { expect } from 'chai';
import { checkQuorumConfig, formatQuorumConfig, parseMember, parseQuorumConfig } from '../../../coordinator/server/quorum-config.ts';

const parse = (lines: Record<string, string>) => parseQuorumConfig(new Map(Object.entries(lines)));
const three = { 'server.1': 'a:1:2', 'server.2': 'b:1:2', 'server.3': 'c:1:2' };

describe('parseMember', () => {
  it('reads every part of a line', () => {
    expect(parseMember(7, 'host:2888:3888')).to.deep.equal({
      id: 7, addresses: [{ host: 'host', quorumPort: 2888, electionPort: 3888 }], role: 'participant', client: null,
    });
    expect(parseMember(1, 'h:1:2:observer;2181')).to.deep.include({ role: 'observer', client: { host: '0.0.0.0', port: 2181 } });
    expect(parseMember(1, 'h:1:2:PARTICIPANT;127.0.0.1:2181').client).to.deep.equal({ host: '127.0.0.1', port: 2181 });
    expect(parseMember(1, '[::1]:1:2;[::1]:2181')).to.deep.include({ addresses: [{ host: '::1', quorumPort: 1, electionPort: 2 }], client: { host: '::1', port: 2181 } });
    expect(parseMember(1, 'h1:1:2|h2:3:4;5').addresses).to.have.length(2);
  });

  for (const [line, why] of [
    ['h:1', /"h:1" is not an address, expected host:quorumPort/],
    ['h:1:2:leader', /Unrecognised peertype: leader/],
    ['h:0:2', /0 is not a port/],
    ['h:1:70000', /70000 is not a port/],
    [':1:2', /the host is empty/],
    ['h:1:2;x', /"x" is not a client address/],
    ['h:1:2;1;2', /more than one ";"/],
  ] as const) {
    it(`refuses ${line} by name`, () => expect(() => parseMember(3, line)).to.throw(why).with.property('message').that.contains('server.3'));
  }
});

describe('parseQuorumConfig', () => {
  it('is read back from what it was written as', () => {
    const text = 'server.1=a:1:2:participant;0.0.0.0:2181\nserver.2=b:1:2:participant\nserver.5=c:1:2:observer\nversion=100000000';
    const config = parse(Object.fromEntries(text.split('\n').map((line) => line.split('=') as [string, string])));
    expect(config.version).to.equal(2 ** 32);
    expect(formatQuorumConfig(config)).to.equal(text);
  });

  it('reads groups and weights, and refuses those that leave someone out', () => {
    const config = parse({ ...three, 'group.1': '1:2', 'group.2': '3', 'weight.3': '0' });
    expect([...config.groups!]).to.deep.equal([[1, 1], [2, 1], [3, 2]]);
    expect([...config.weights]).to.deep.equal([[3, 0]]);
    expect(() => parse({ ...three, 'group.1': '1:2' })).to.throw('Server 3 is in no group');
    expect(() => parse({ ...three, 'group.1': '1:2:3', 'group.2': '3' })).to.throw('Server 3 is in both group.1 and group.2');
    expect(() => parse({ ...three, 'group.1': '1:2:3:4' })).to.throw('names server 4');
    expect(() => parse({ ...three, 'weight.1': 'x' })).to.throw('weight.1');
  });

  it('refuses two uses of one address, and ids out of range', () => {
    expect(() => parse({ 'server.1': 'a:1:2', 'server.2': 'a:1:3' })).to.throw("server.2 has a:1 as its quorum port, and so has server.1's quorum port");
    expect(() => parse({ 'server.1': 'a:1:1' })).to.throw('each needs its own');
    expect(() => parse({ 'server.1': 'a:1:2;1' })).to.throw('for clients');
    expect(() => parse({ 'server.2147483648': 'a:1:2' })).to.throw('server ids go from 0 to 2147483647');
    expect(() => parse({ version: 'xyz' })).to.throw('version');
  });
});

describe('checkQuorumConfig', () => {
  const check = (lines: Record<string, string>) => checkQuorumConfig(parse(lines), 3);
  it('says what an even number of participants cannot gain', () => {
    expect(check(three)).to.deep.equal([]);
    expect(check({ ...three, 'server.4': 'd:1:2' })[0]).to.match(/consider an odd number of servers: 4 survive the failure of 1, as 3 would, and need 3 for each write instead of 2/);
    expect(check({ ...three, 'server.4': 'd:1:2:observer' })).to.deep.equal([]);
    expect(check({ 'server.1': 'a:1:2', 'server.2': 'b:1:2' })[0]).to.match(/No server failure will be tolerated/);
  });
  it('refuses observers without a quorum', () => {
    expect(() => check({ 'server.1': 'a:1:2:observer' })).to.throw('Observers w/o participants');
    expect(() => check({ 'server.1': 'a:1:2', 'server.2': 'b:1:2:observer' })).to.throw('Observers w/o quorum');
  });
});
