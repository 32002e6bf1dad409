import { expect } from 'chai';
import { formatAcl, formatEvent, formatJavaDate, formatStat, parseAcl } from '../../../coordinator/cli/format.ts';
import { clientConfig } from '../../../coordinator/cli/commands/config.ts';
import { EventType, KeeperState } from '../../../shared/znode/watch-event.ts';

describe('shell format', () => {
  const zone = process.env['TZ'];
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it('prints dates as Java does, in the local zone', () => {
    const ms = Date.UTC(2026, 10, 2, 1, 7, 1);
    for (const [tz, text] of [
      ['UTC', 'Mon Nov 02 01:07:01 UTC 2026'],
      ['America/New_York', 'Sun Nov 01 20:07:01 EST 2026'],
      ['Europe/Berlin', 'Mon Nov 02 02:07:01 CET 2026'],
    ] as const) {
      process.env['TZ'] = tz;
      expect(formatJavaDate(ms)).to.equal(text);
    }
  });

  it('prints a Stat line by line', () => {
    process.env['TZ'] = 'UTC';
    const stat = {
      czxid: 0x1_0000_0002,
      mzxid: 3,
      ctime: 0,
      mtime: 0,
      version: 1,
      cversion: 2,
      aversion: 3,
      ephemeralOwner: -1n,
      dataLength: 4,
      numChildren: 5,
      pzxid: 6,
    };
    expect(formatStat(stat)).to.equal(
      [
        'cZxid = 0x100000002',
        'ctime = Thu Jan 01 00:00:00 UTC 1970',
        'mZxid = 0x3',
        'mtime = Thu Jan 01 00:00:00 UTC 1970',
        'pZxid = 0x6',
        'cversion = 2',
        'dataVersion = 1',
        'aclVersion = 3',
        'ephemeralOwner = 0xffffffffffffffff',
        'dataLength = 4',
        'numChildren = 5',
        '',
      ].join('\n'),
    );
  });

  it('prints and reads rights', () => {
    const told: string[] = [];
    const acl = parseAcl('world:anyone:cdrwa,digest:bob:ha:sh:rq,broken', (message) => told.push(message));
    expect(acl).to.deep.equal([
      { perms: 31, id: { scheme: 'world', id: 'anyone' } },
      { perms: 1, id: { scheme: 'digest', id: 'bob:ha:sh' } },
    ]);
    expect(told).to.deep.equal(['Unknown perm type: q', 'broken does not have the form scheme:id:perm']);
    expect(acl.map(formatAcl).join('')).to.equal("'world,'anyone\n: cdrwa\n'digest,'bob:ha:sh\n: r\n");
    expect(formatAcl({ perms: 1, id: { scheme: 'x509', id: 'CN=a%,O=b' } })).to.equal("'x509,'CN=a%25%2CO=b\n: r\n");
  });

  it('prints events', () => {
    const event = { type: EventType.NodeChildrenChanged, state: KeeperState.SyncConnected, path: '/a', zxid: 1 };
    expect(formatEvent(event)).to.equal('WatchedEvent state:SyncConnected type:NodeChildrenChanged path:/a');
    expect(formatEvent({ type: EventType.None, state: KeeperState.Expired, path: '', zxid: -1 })).to.equal(
      'WatchedEvent state:Expired type:None path:null',
    );
  });

  it('makes a connection string of the configuration', () => {
    const text = 'server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=h2:2888:3888;2182\nversion=100000003';
    expect(clientConfig(text)).to.equal('100000003 0.0.0.0:2181,0.0.0.0:2182');
    expect(clientConfig('')).to.equal(' ');
  });
});
