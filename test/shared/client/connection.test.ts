import { expect } from 'chai';
import type { ConnectionListener } from '../../../shared/client/connection.ts';
import { Connection } from '../../../shared/client/connection.ts';
import { Session } from '../../../shared/client/session.ts';
import { ManualEnvironment, opsOf, ScriptedEnsemble } from './scripted-ensemble.ts';

describe('Connection', () => {
  let ensemble: ScriptedEnsemble;
  let environment: ManualEnvironment;
  let told: string[];

  function start(servers = ['a:1'], timeoutMs = 30_000, disconnectGraceMs = 0): Connection {
    ensemble = new ScriptedEnsemble();
    environment = new ManualEnvironment();
    told = [];
    const listener: ConnectionListener = {
      onConnected: () => [],
      onDisconnected: (reason) => told.push(reason),
      onAttemptFailed: (server, reason) => told.push(`${server.host}: ${reason}`),
      onExpired: () => told.push('expired'),
      onEvent: () => {},
      onSpecialReply: () => {},
    };
    const connection = new Connection({
      session: new Session(timeoutMs),
      servers: servers.map((text) => ({ host: text.split(':')[0]!, port: Number(text.split(':')[1]) })),
      transport: ensemble,
      environment,
      readOnly: false,
      disconnectGraceMs,
      listener,
    });
    connection.start();
    return connection;
  }

  function connect(timeoutMs = 30_000): void {
    ensemble.last.accept();
    ensemble.last.grant({ timeoutMs });
  }

  const ping = { kind: 'reply', xid: -2, op: 'ping', zxid: 0, error: 0, response: null } as const;

  it('tries the servers one after the other without a pause, then backs off', () => {
    start(['a:1', 'b:1', 'c:1']);
    for (let i = 0; i < 3; i++) {
      expect(ensemble.connections).to.have.length(i + 1);
      ensemble.last.drop('refused');
      environment.advance(0);
    }
    expect(new Set(ensemble.connections.map(({ server }) => server.host))).to.deep.equal(new Set(['a', 'b', 'c']));
    expect(ensemble.connections).to.have.length(3);
    environment.advance(20);
    expect(ensemble.connections).to.have.length(4);
  });

  it('doubles the pause up to a second, and starts over once a server has answered', () => {
    start(['a:1']);
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      const since = environment.nowMs();
      const count = ensemble.connections.length;
      ensemble.last.drop('refused');
      while (ensemble.connections.length === count) environment.advance(1);
      pauses.push(environment.nowMs() - since);
    }
    expect(pauses).to.deep.equal([15, 30, 60, 120, 240, 480, 750, 750]);
    connect();
    ensemble.last.say(ping);
    ensemble.last.drop();
    environment.advance(15);
    expect(ensemble.connections).to.have.length(10);
  });

  it('backs off from a server that takes the session and drops it at once', () => {
    start(['a:1']);
    for (let i = 0; i < 6; i++) {
      connect();
      ensemble.last.drop('going away');
      environment.advance(1_000);
    }
    const count = ensemble.connections.length;
    connect();
    ensemble.last.drop('going away');
    environment.advance(500);
    expect(ensemble.connections).to.have.length(count);
  });

  it('gives each server its share of the session timeout to answer', () => {
    start(['a:1', 'b:1', 'c:1'], 30_000);
    ensemble.last.accept();
    environment.advance(9_999);
    expect(ensemble.connections).to.have.length(1);
    environment.advance(1);
    expect(ensemble.connections[0]!.ended).to.equal('aborted');
    expect(ensemble.connections).to.have.length(2);
    expect(told[0]).to.match(/no answer to the connection within 10000 ms$/);
  });

  it('pings after a third of the timeout without sending', () => {
    start(['a:1'], 12_000);
    connect(12_000);
    environment.advance(3_999);
    expect(opsOf(ensemble.last.requests)).to.deep.equal([]);
    environment.advance(1);
    expect(ensemble.last.requests).to.deep.equal([{ kind: 'request', xid: -2, request: { op: 'ping' } }]);
    ensemble.last.say(ping);
    environment.advance(4_000);
    expect(ensemble.last.requests).to.have.length(2);
  });

  it('pings every 10 s at the latest', () => {
    start(['a:1'], 120_000);
    connect(120_000);
    environment.advance(10_000);
    expect(opsOf(ensemble.last.requests)).to.deep.equal(['ping']);
  });

  it('leaves a server that says nothing for two thirds of the timeout', () => {
    start(['a:1'], 12_000);
    connect(12_000);
    environment.advance(7_999);
    expect(told).to.deep.equal([]);
    environment.advance(1);
    expect(told).to.deep.equal(['nothing heard from the server for 8000 ms']);
    expect(ensemble.connections[0]!.ended).to.equal('aborted');
  });

  it('listens once more when it was this process that slept', () => {
    start(['a:1'], 12_000);
    connect(12_000);
    environment.oversleep(11_000);
    expect(told).to.deep.equal([]);
    ensemble.last.say(ping);
    environment.advance(1_000);
    expect(told).to.deep.equal([]);
    environment.advance(11_000);
    expect(told).to.have.length(1);
  });

  it('ignores what a connection says that was given up', () => {
    start(['a:1', 'b:1']);
    const first = ensemble.last;
    first.drop('refused');
    environment.advance(0);
    first.accept();
    first.grant();
    expect(first.frames).to.deep.equal([]);
    connect();
    expect(ensemble.last.frames).to.have.length(1);
    first.drop('again');
    expect(told).to.have.length(1);
  });

  it('goes on when the transport cannot even begin', () => {
    start(['a:1']);
    connect();
    ensemble.open = () => {
      throw new Error('no such scheme');
    };
    ensemble.last.drop();
    environment.advance(15);
    expect(told.at(-1)).to.equal('a: cannot open a connection: no such scheme');
  });

  it('gives up a server that answers connect twice, or replies before it', () => {
    start(['a:1']);
    connect();
    ensemble.last.grant();
    expect(told).to.deep.equal(['the server breaks the protocol: a second answer to connect']);
    environment.advance(100);
    ensemble.last.accept();
    ensemble.last.say(ping);
    expect(told[1]).to.equal('a: the server breaks the protocol: reply before the answer to connect');
  });

  describe('with a disconnect grace', () => {
    const pings = (): number => ensemble.last.frames.flat().filter((message) => message.kind === 'request' && message.xid === -2).length;

    it('counts how long nobody has answered, from the sending of what was answered last', () => {
      const connection = start(['a:1'], 18_000, 1_500);
      ensemble.last.accept();
      environment.advance(100);
      ensemble.last.grant({ timeoutMs: 18_000, disconnectGraceMs: 1_500 });
      expect(connection.outOfTouchMs, 'since the handshake was sent').to.equal(100);
      environment.advance(300);
      expect(pings()).to.equal(1);
      environment.advance(50);
      ensemble.last.say(ping);
      expect(connection.outOfTouchMs, 'since the ping was sent').to.equal(50);
      environment.advance(600);
      expect(connection.outOfTouchMs, 'the next one is not answered').to.equal(650);
    });

    it('pings however much else is sent, and leaves a silent server within the grace', () => {
      start(['a:1', 'b:1'], 18_000, 1_500);
      ensemble.last.accept();
      ensemble.last.grant({ timeoutMs: 18_000, disconnectGraceMs: 1_500 });
      environment.advance(999);
      expect([pings(), told]).to.deep.equal([1, []]);
      environment.advance(200);
      expect(told).to.have.length(1);
      expect(told[0]).to.match(/nothing heard from the server/);
    });

    it('goes by the timeouts of the session where the server grants none', () => {
      start(['a:1'], 18_000, 1_500);
      ensemble.last.accept();
      ensemble.last.grant({ timeoutMs: 18_000 });
      environment.advance(5_900);
      expect([pings(), told]).to.deep.equal([0, []]);
    });
  });
});
