import { expect } from 'chai';
import { apiVersions } from '../../../broker/protocol/messages/18-api-versions.ts';
import { heartbeat } from '../../../broker/protocol/messages/12-heartbeat.ts';
import { listGroups } from '../../../broker/protocol/messages/16-list-groups.ts';
import { ApiVersionsHandler } from '../../../broker/handlers/18-api-versions.ts';
import type { AnyHandler, RequestContext } from '../../../broker/server/handler.ts';
import { CLOSE_CONNECTION } from '../../../broker/server/handler.ts';
import { ClientQuotas } from '../../../broker/quota/client-quotas.ts';
import { CLIENT_ID } from '../../../broker/quota/quota-entities.ts';
import type { EndPoint } from '../../../broker/settings/listeners.ts';
import { RequestRouter } from '../../../broker/server/request-router.ts';
import type { SocketServerOptions } from '../../../broker/server/socket-server.ts';
import type { ConnectionLimits } from '../../../broker/quota/connection-quotas.ts';
import { ConnectionQuotas } from '../../../broker/quota/connection-quotas.ts';
import { SocketServer } from '../../../broker/server/socket-server.ts';
import { Reader } from '../../../shared/bytes/reader.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { frame, RawKafkaClient } from './raw-kafka-client.ts';

const REQUEST_BYTES_MAX = 1000;
const unlimited: ConnectionLimits = {
  connectionsMax: Infinity,
  creationRateMax: Infinity,
  connectionsPerIpMax: Infinity,
  connectionsByIp: new Map(),
  ofListeners: new Map(),
};
const endPoint = (listenerName: string): EndPoint => ({ listenerName, securityProtocol: 'PLAINTEXT', host: '127.0.0.1', port: 0 });

/** Heartbeats are answered when the test says so; ListGroups at once with as many groups as the client id says. */
class Bench {
  readonly server: SocketServer;
  readonly connectionQuotas: ConnectionQuotas;
  readonly log: string[] = [];
  readonly waiting: {
    context: RequestContext;
    answer: (errorCode: number) => void;
    fail: (error: Error) => void;
    close: () => void;
  }[] = [];
  private arrived: (() => void) | null = null;
  port = 0;
  overlaps = false;
  quotas: ClientQuotas | null = null;

  constructor({ limits = {}, windowMs = 50, ...options }: Partial<SocketServerOptions> & { limits?: Partial<ConnectionLimits>; windowMs?: number } = {}) {
    this.connectionQuotas = new ConnectionQuotas({
      limits: { ...unlimited, ...limits },
      windows: { count: 2, sizeMs: windowMs },
      interBrokerListener: 'INSIDE',
    });
    const write = (message: string): void => void this.log.push(message);
    const logger: Logger = { error: write, warn: write, info: write, debug: write };
    this.server = new SocketServer({
      listeners: [endPoint('PLAINTEXT')],
      requestBytesMax: REQUEST_BYTES_MAX,
      idleMsMax: 600_000,
      backlogSize: 50,
      quotas: this.connectionQuotas,
      nowMs: () => performance.now(),
      logger,
      acceptorLogger: logger,
      ...options,
    });
  }

  /** Requests of this client are always too much, and it has to wait for so long each time. */
  throttle(clientId: string, throttleMs: number): this {
    let nowMs = 0;
    this.quotas = new ClientQuotas({
      windows: { count: 2, sizeMs: throttleMs },
      mutationWindows: { count: 2, sizeMs: throttleMs },
      threadCount: () => 1,
      clock: { wallMs: () => 0, monotonicMs: () => (nowMs += 1) },
    });
    this.quotas.set(new Map([[CLIENT_ID, clientId]]), new Map([['request_percentage', 0]]));
    return this;
  }

  async start(): Promise<this> {
    const [listener] = await this.server.bind();
    this.port = listener!.port;
    const bench = this;
    const held: AnyHandler = {
      api: heartbeat,
      get overlaps() {
        return bench.overlaps;
      },
      handle: (_request: never, context: RequestContext) =>
        new Promise((resolve, reject) => {
          const answer = (errorCode: number): void => resolve({ throttleTimeMs: 0, errorCode });
          bench.waiting.push({ context, answer, fail: reject, close: () => resolve(CLOSE_CONNECTION) });
          bench.arrived?.();
        }),
    };
    const prompt: AnyHandler = {
      api: listGroups,
      handle: (_request: never, context: RequestContext) => ({
        throttleTimeMs: 0,
        errorCode: 0,
        groups: Array.from({ length: Number(context.clientId) }, (_, i) => ({
          groupId: `group-${i}`,
          protocolType: 'x'.repeat(100),
          groupState: '',
        })),
      }),
    };
    const router: RequestRouter = new RequestRouter([held, prompt, new ApiVersionsHandler(() => router.apis)], this.quotas);
    this.server.serve(router);
    return this;
  }

  async untilWaiting(count: number): Promise<void> {
    while (this.waiting.length < count) await new Promise<void>((resolve) => (this.arrived = resolve));
  }

  connect(listener?: string): Promise<RawKafkaClient> {
    const { port } = this.server.listeners.find(({ listenerName }) => listenerName === listener) ?? this;
    return RawKafkaClient.connect(port);
  }
}

const body = (): Buffer => Buffer.from([0, 1, 0x67, 0, 0, 0, 1, 0, 1, 0x6d]); // group g, generation 1, member m
const list = (correlationId: number, count: number): Buffer => frame(16, 0, correlationId, Buffer.alloc(0), String(count));
const correlationIdOf = (response: Buffer): number => response.readInt32BE(0);

describe('a client connection', () => {
  let bench: Bench;
  const clients: RawKafkaClient[] = [];
  const connect = async (): Promise<RawKafkaClient> => {
    const client = await bench.connect();
    clients.push(client);
    return client;
  };
  beforeEach(async () => {
    bench = await new Bench().start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await bench.server.close();
  });

  it('answers requests however their bytes arrive', async () => {
    const client = await connect();
    for (const byte of list(7, 0)) client.send(Buffer.from([byte]));
    expect((await client.receive()).toString('hex')).to.equal('00000007' + '0000' + '00000000');
  });

  it('takes up one request at a time and answers in their order', async () => {
    const client = await connect();
    client.send(Buffer.concat([frame(12, 0, 1, body()), list(2, 0), frame(12, 0, 3, body())]));
    await bench.untilWaiting(1);
    expect(bench.waiting).to.have.length(1);
    bench.waiting[0]!.answer(0);
    expect(correlationIdOf(await client.receive())).to.equal(1);
    expect(correlationIdOf(await client.receive())).to.equal(2);
    await bench.untilWaiting(2);
    bench.waiting[1]!.answer(27);
    expect((await client.receive()).toString('hex')).to.equal('00000003' + '001b');
  });

  it('lets requests overlap where their handler allows it, and still answers in order', async () => {
    bench.overlaps = true;
    const client = await connect();
    client.send(Buffer.concat([frame(12, 0, 1, body()), frame(12, 0, 2, body()), list(3, 0)]));
    await bench.untilWaiting(2);
    bench.waiting[1]!.answer(0);
    bench.waiting[0]!.answer(0);
    expect(correlationIdOf(await client.receive())).to.equal(1);
    expect(correlationIdOf(await client.receive())).to.equal(2);
    expect(correlationIdOf(await client.receive())).to.equal(3);
  });

  it('serves others while one waits', async () => {
    const slow = await connect();
    slow.send(frame(12, 0, 1, body()));
    await bench.untilWaiting(1);
    const other = await connect();
    other.send(list(9, 1));
    expect(correlationIdOf(await other.receive())).to.equal(9);
  });

  it('tells a waiting handler that its client is gone', async () => {
    const client = await connect();
    client.send(frame(12, 0, 1, body()));
    await bench.untilWaiting(1);
    const { context } = bench.waiting[0]!;
    expect(context.closed).to.equal(false);
    const gone = new Promise<void>((resolve) => context.onClose(resolve));
    client.close();
    await gone;
    expect(context.closed).to.equal(true);
    bench.waiting[0]!.answer(0); // nobody is there to hear it, which is fine
  });

  it('stops reading from a client that does not read, and loses no answer', async () => {
    const client = await connect();
    client.socket.pause();
    const count = 400;
    for (let i = 0; i < count; i++) client.send(list(i, 1000)); // about 110 KB each
    const other = await connect();
    other.send(list(1, 0));
    await other.receive();
    client.socket.resume();
    for (let i = 0; i < count; i++) expect(correlationIdOf(await client.receive())).to.equal(i);
  });

  describe('that breaks the protocol', () => {
    const int32 = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      return bytes;
    };
    const cases: [string, () => Buffer, RegExp][] = [
      [
        'a size above socket.request.max.bytes',
        () => int32(REQUEST_BYTES_MAX + 1),
        /InvalidReceiveException: Invalid receive \(size = 1001 larger/,
      ],
      ['a negative size', () => int32(-1), /InvalidReceiveException: Invalid receive \(size = -1\)/],
      ['an HTTP request', () => Buffer.from('GET / HTTP/1.1\r\n\r\n'), /Invalid receive \(size = 1195725856 larger/],
      ['an empty frame', () => int32(0), /Error parsing request header/],
      ['half a header', () => Buffer.concat([int32(3), Buffer.from([0, 12, 0])]), /Error parsing request header/],
      ['an API nobody knows', () => frame(999, 0, 1), /Unknown API key 999/],
      ['an API that is not served', () => frame(0, 3, 1), /Received request api key Produce which is not enabled/],
      ['a version that is not served', () => frame(12, 99, 1, body()), /key 12 \(Heartbeat\) and unsupported version 99/],
      [
        'a body that ends too early',
        () => frame(12, 0, 1, body().subarray(0, 5)),
        /Error getting request for apiKey: Heartbeat, apiVersion: 0/,
      ],
    ];
    for (const [what, bytes, line] of cases) {
      it(`loses its connection over ${what}, with one line in the log, and nobody else does`, async () => {
        const other = await connect();
        const client = await connect();
        bench.log.length = 0;
        client.send(bytes());
        await client.untilClosed();
        expect(bench.log.filter((entry) => line.test(entry))).to.have.length(1);
        other.send(list(5, 0));
        expect(correlationIdOf(await other.receive())).to.equal(5);
      });
    }

    it('may go away in the middle of a request', async () => {
      const client = await connect();
      client.send(list(1, 0).subarray(0, 9));
      client.socket.end();
      await client.untilClosed();
      const other = await connect();
      other.send(list(2, 0));
      expect(correlationIdOf(await other.receive())).to.equal(2);
    });
  });

  it('closes when a handler asks for it, or fails', async () => {
    const client = await connect();
    client.send(frame(12, 0, 1, body()));
    await bench.untilWaiting(1);
    bench.waiting[0]!.close();
    await client.untilClosed();
    const another = await connect();
    another.send(frame(12, 0, 1, body()));
    await bench.untilWaiting(2);
    bench.waiting[1]!.fail(new Error('the disk is on fire'));
    await another.untilClosed();
  });

  it('answers an ApiVersions request of an unknown version in version 0, with error 35', async () => {
    const client = await connect();
    client.send(frame(18, 99, 4, Buffer.from([1, 2, 3])));
    expect((await client.receive()).toString('hex')).to.equal('00000004' + '0023' + '00000001' + '0012' + '0000' + '0003');
  });

  it('tells in ApiVersions exactly what is served', async () => {
    const client = await connect();
    client.send(frame(18, 0, 4));
    const reader = new Reader(await client.receive());
    expect(reader.i32()).to.equal(4);
    const { apiKeys } = apiVersions.response.decode(reader, 0);
    expect(apiKeys).to.deep.equal([
      { apiKey: 12, minVersion: 0, maxVersion: 4 },
      { apiKey: 16, minVersion: 0, maxVersion: 4 },
      { apiKey: 18, minVersion: 0, maxVersion: 3 },
    ]);
  });
});

describe('a connection of a client above its quota', () => {
  const HOUR_MS = 3_600_000;
  const beat = (correlationId: number): Buffer => frame(12, 1, correlationId, body(), 'busy');
  let bench: Bench;
  const clients: RawKafkaClient[] = [];
  const start = async (throttleMs: number): Promise<RawKafkaClient> => {
    bench = await new Bench().throttle('busy', throttleMs).start();
    return connect();
  };
  const connect = async (): Promise<RawKafkaClient> => {
    const client = await bench.connect();
    clients.push(client);
    return client;
  };
  /** What another client sends after all that was sent so far is dealt with after it, too. */
  const others = async (): Promise<void> => {
    const other = await connect();
    for (let i = 0; i < 3; i++) {
      other.send(list(i, 1));
      expect(correlationIdOf(await other.receive())).to.equal(i);
    }
  };
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await bench.server.close();
  });

  it('is answered at once, told to wait, and not read meanwhile', async () => {
    const client = await start(HOUR_MS);
    client.send(beat(1));
    await bench.untilWaiting(1);
    bench.waiting[0]!.answer(0);
    const answer = await client.receive();
    expect([correlationIdOf(answer), answer.readInt32BE(4)]).to.deep.equal([1, HOUR_MS]);
    client.send(beat(2));
    await others();
    expect(bench.waiting).to.have.length(1);
  });

  it('has the requests that were read already wait as well', async () => {
    const client = await start(HOUR_MS);
    client.send(Buffer.concat([beat(1), beat(2)]));
    await bench.untilWaiting(1);
    bench.waiting[0]!.answer(0);
    expect(correlationIdOf(await client.receive())).to.equal(1);
    await others();
    expect(bench.waiting).to.have.length(1);
  });

  it('goes on when the time is over, with what came meanwhile', async () => {
    const client = await start(20);
    const startedMs = performance.now();
    for (const correlationId of [1, 2, 3]) {
      client.send(beat(correlationId));
      await bench.untilWaiting(correlationId);
      bench.waiting[correlationId - 1]!.answer(0);
      expect(correlationIdOf(await client.receive())).to.equal(correlationId);
    }
    // Two waits lie between three requests; a timer may be a little early.
    expect(performance.now() - startedMs).to.be.greaterThan(38);
  });

  it('may be closed by either side', async () => {
    const client = await start(HOUR_MS);
    client.send(beat(1));
    await bench.untilWaiting(1);
    const { context } = bench.waiting[0]!;
    bench.waiting[0]!.answer(0);
    await client.receive();
    const second = await connect();
    second.send(beat(1));
    await bench.untilWaiting(2);
    bench.waiting[1]!.answer(0);
    await second.receive();
    const gone = new Promise<void>((resolve) => context.onClose(resolve));
    client.socket.resetAndDestroy();
    await bench.server.close();
    await second.untilClosed();
    await gone;
    expect(bench.server.connectionCount).to.equal(0);
  });

  it('leaves clients without quota alone', async () => {
    await start(HOUR_MS);
    await others();
  });
});

describe('SocketServer', () => {
  it('closes a connection on which nothing moves', async () => {
    const bench = await new Bench({ idleMsMax: 30 }).start();
    const client = await bench.connect();
    await client.untilClosed();
    await bench.server.close();
  });

  it('refuses an address that has as many connections as it may', async () => {
    const bench = await new Bench({ limits: { connectionsPerIpMax: 5, connectionsByIp: new Map([['127.0.0.1', 1]]) } }).start();
    const first = await bench.connect();
    first.send(list(1, 0));
    await first.receive();
    const second = await bench.connect();
    await second.untilClosed();
    expect(bench.log).to.include(
      'Rejected connection from /127.0.0.1, address already has the configured maximum of 1 connections.',
    );
    first.close();
    await bench.server.close();
  });

  it('serves a connection beyond max.connections when another one goes', async () => {
    const bench = await new Bench({ limits: { connectionsMax: 1 } }).start();
    const first = await bench.connect();
    first.send(list(1, 0));
    await first.receive();
    const second = await bench.connect();
    second.send(list(2, 0));
    first.send(list(3, 0));
    expect(correlationIdOf(await first.receive())).to.equal(3);
    first.close();
    expect(correlationIdOf(await second.receive())).to.equal(2);
    second.close();
    await bench.server.close();
  });

  it('accepts nothing for a while after a connection too much per second', async () => {
    const bench = await new Bench({ limits: { creationRateMax: 10 } }).start();
    const started = performance.now();
    const first = await bench.connect();
    first.send(list(1, 0));
    expect(correlationIdOf(await first.receive())).to.equal(1);
    expect(performance.now() - started, 'one in a window of 50 ms is 20 a second').to.be.at.least(45);
    first.close();
    await bench.server.close();
  });

  it('closes connections of an address that comes too often, unserved and not at once', async () => {
    const bench = await new Bench().start();
    bench.connectionQuotas.setAddressRate('127.0.0.1', 10);
    const client = await bench.connect();
    client.send(list(1, 0));
    await client.untilClosed();
    expect(bench.log).to.include('Delaying closing of connection from /127.0.0.1 for 50 ms');
    expect(bench.server.connectionCount).to.equal(0);
    bench.connectionQuotas.setAddressRate('127.0.0.1', null);
    const second = await bench.connect();
    second.send(list(2, 0));
    expect(correlationIdOf(await second.receive())).to.equal(2);
    second.close();
    await bench.server.close();
  });

  it('keeps few of them until then, and closes the rest of a flood at once', async () => {
    const bench = await new Bench({ backlogSize: 2, windowMs: 3_600_000 }).start();
    bench.connectionQuotas.setAddressRate('127.0.0.1', 0);
    const kept = [await bench.connect(), await bench.connect()];
    // They come in order: when the third is closed, the others are being kept.
    await (await bench.connect()).untilClosed();
    expect(kept.map(({ socket }) => socket.destroyed)).to.deep.equal([false, false]);
    await bench.server.close();
    for (const client of kept) await client.untilClosed();
  });

  it('takes the place for a broker from the client that was silent for the longest', async () => {
    const bench = await new Bench({ listeners: ['OUTSIDE', 'INSIDE'].map(endPoint), limits: { connectionsMax: 2 } }).start();
    const [silent, busy] = [await bench.connect(), await bench.connect()];
    for (const client of [busy, silent, busy]) {
      client.send(list(1, 0));
      await client.receive();
    }
    const broker = await bench.connect('INSIDE');
    await silent.untilClosed();
    for (const client of [busy, broker]) {
      client.send(list(2, 0));
      expect(correlationIdOf(await client.receive())).to.equal(2);
    }
    bench.connectionQuotas.setLimits({ ...unlimited, connectionsMax: 1 });
    bench.server.limitsChanged();
    await busy.untilClosed();
    broker.close();
    await bench.server.close();
  });

  it('opens and closes listeners while it serves', async () => {
    const bench = await new Bench().start();
    const staying = await bench.connect();
    await bench.server.changeListeners(['PLAINTEXT', 'OUTSIDE'].map(endPoint));
    const outside = await bench.connect('OUTSIDE');
    for (const client of [staying, outside]) {
      client.send(list(1, 0));
      expect(correlationIdOf(await client.receive())).to.equal(1);
    }
    const { port } = bench.server.listeners[1]!;
    await bench.server.changeListeners([{ ...endPoint('PLAINTEXT'), port: 1 }]);
    await outside.untilClosed();
    const refusal = await RawKafkaClient.connect(port).then(
      () => null,
      (error: unknown) => error as NodeJS.ErrnoException,
    );
    expect(refusal?.code).to.equal('ECONNREFUSED');
    expect(bench.server.listeners.map((listener) => listener.port)).to.deep.equal([bench.port]);
    staying.send(list(2, 0));
    expect(correlationIdOf(await staying.receive())).to.equal(2);
    staying.close();
    await bench.server.close();
  });

  it('says which port is in use', async () => {
    const bench = await new Bench().start();
    const listeners = [
      { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT' as const, host: '127.0.0.1', port: bench.port },
    ];
    const second = new Bench({ listeners });
    const error = await second.server.bind().then(
      () => null,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).to.equal(`Socket server failed to bind to 127.0.0.1:${bench.port}: Address already in use.`);
    await bench.server.close();
  });
});
