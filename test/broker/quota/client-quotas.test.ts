import { expect } from 'chai';
import { ClientQuotas } from '../../../broker/quota/client-quotas.ts';
import { QuotaConfigs } from '../../../broker/server/quota-configs.ts';
import type { QuotaEntity } from '../../../broker/quota/quota-entities.ts';
import { CLIENT_ID, USER } from '../../../broker/quota/quota-entities.ts';
import type { ConfiguredEntity } from '../../../broker/server/quota-store.ts';

const USER_ANONYMOUS = 'User:ANONYMOUS';

describe('ClientQuotas', () => {
  let nowMs: number;
  let quotas: ClientQuotas;
  beforeEach(() => {
    nowMs = 0;
    quotas = new ClientQuotas({
      windows: { count: 11, sizeMs: 1000 },
      mutationWindows: { count: 11, sizeMs: 1000 },
      threadCount: () => 8 + 3,
      clock: { wallMs: () => 0, monotonicMs: () => nowMs },
    });
  });
  const limit = (key: string, value: number, entity: QuotaEntity = new Map([[CLIENT_ID, 'c']])): void =>
    quotas.set(entity, new Map([[key, value]]));
  const open = (clientId: string | null = 'c') => quotas.open(USER_ANONYMOUS, clientId, nowMs);

  it('are enabled while anybody has a limit', () => {
    expect(quotas.enabled).to.equal(false);
    limit('producer_byte_rate', 1000);
    limit('request_percentage', 10, new Map([[USER, 'alice']]));
    expect(quotas.enabled).to.equal(true);
    quotas.set(new Map([[CLIENT_ID, 'c']]), new Map());
    expect(quotas.enabled).to.equal(true);
    quotas.clear('users');
    expect(quotas.enabled).to.equal(false);
  });

  it('know who speaks on a plaintext listener, and take no client id for an empty one', () => {
    limit('producer_byte_rate', 1000, new Map([[USER, 'ANONYMOUS']]));
    for (const clientId of ['x', '', null]) {
      const request = open(clientId);
      request.produced(20_000);
      expect(request.settle(), String(clientId)).to.be.greaterThan(0);
    }
  });

  it('have a client wait for the longest of its quotas', () => {
    limit('producer_byte_rate', 1000);
    quotas.set(new Map([[CLIENT_ID, 'c']]), new Map([['producer_byte_rate', 1000], ['request_percentage', 1]]));
    const request = open();
    nowMs = 50;
    request.produced(10_050);
    expect(request.throttleMs).to.equal(50);
    request.handled();
    // 50 ms are 55 % of one second of eleven threads, over ten seconds 5.5 %: more than a sample's time too much.
    expect(request.settle()).to.equal(1000);
  });

  describe('of request time', () => {
    it('count what a share of the event loop would be of all threads', () => {
      limit('request_percentage', 11);
      const request = open();
      nowMs = 100; // 1 % over ten seconds: 11 of 1100
      request.handled();
      expect(request.settle()).to.equal(0);
      nowMs = 101;
      request.sent();
      const next = open();
      next.handled();
      // One ms too much of 100, in ten seconds.
      expect(next.settle()).to.be.within(90, 110);
    });

    it('leave out the time that a request waits for others', () => {
      limit('request_percentage', 1);
      const request = open();
      request.handled();
      nowMs = 5000;
      expect(request.settle()).to.equal(0);
    });

    it('leave out exempt requests', () => {
      limit('request_percentage', 1);
      const request = open();
      request.exempt();
      nowMs = 5000;
      request.handled();
      expect(request.settle()).to.equal(0);
      nowMs = 9000;
      request.sent();
      expect(open().settle()).to.equal(0);
    });
  });

  describe('of fetching', () => {
    it('tell how large an answer may be', () => {
      expect(open().fetchSizeMax).to.equal(0x7fff_ffff);
      limit('consumer_byte_rate', 1000);
      expect(open().fetchSizeMax).to.equal(10_000);
      limit('consumer_byte_rate', 2 ** 63);
      expect(open().fetchSizeMax).to.equal(0x7fff_ffff);
    });

    it('empty the answer that is too much, and count nothing for it', () => {
      limit('consumer_byte_rate', 1000);
      expect(open().mayFetch(() => 8000)).to.equal(true);
      const refused = open();
      expect(refused.mayFetch(() => 3000)).to.equal(false);
      expect(refused.settle()).to.equal(1000);
      expect(open().mayFetch(() => 2000)).to.equal(true);
    });

    it('empty an answer for the time of requests too, and count no bytes for it', () => {
      quotas.set(new Map([[CLIENT_ID, 'c']]), new Map([['consumer_byte_rate', 1000], ['request_percentage', 1]]));
      const refused = open();
      nowMs = 100;
      expect(refused.mayFetch(() => 9000)).to.equal(false);
      expect(refused.settle()).to.equal(1000);
      nowMs = 20_000;
      expect(open().mayFetch(() => 9000)).to.equal(true);
    });

    it('do not ask for the size where it does not count', () => {
      limit('producer_byte_rate', 1);
      expect(open().mayFetch(() => expect.fail('asked'))).to.equal(true);
    });
  });

  describe('of mutations', () => {
    it('refuse the strict, throttle the permissive, and only count what happens by itself', () => {
      limit('controller_mutation_rate', 1);
      const background = open();
      expect(background.mutationGate('background')(16)).to.equal(true);
      expect(background.settle()).to.equal(0);
      const strict = open();
      expect(strict.mutationGate('strict')(1)).to.equal(false);
      expect(strict.settle()).to.equal(5000);
      const permissive = open();
      expect(permissive.mutationGate('permissive')(1)).to.equal(true);
      expect(permissive.settle()).to.equal(6000);
    });

    it('know no bounds without a limit', () => {
      limit('producer_byte_rate', 1);
      const request = open();
      expect(request.mutationGate('strict')(1e9)).to.equal(true);
      expect(request.settle()).to.equal(0);
    });
  });
});

describe('QuotaConfigs', () => {
  it('puts in force what was read, and leaves alone what cannot be', async () => {
    const quotas = new ClientQuotas({
      windows: { count: 11, sizeMs: 1000 },
      mutationWindows: { count: 11, sizeMs: 1000 },
      threadCount: () => 1,
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
    });
    const stored = new Map<string, Record<string, string>>();
    const log: string[] = [];
    const write = (message: string): void => void log.push(message);
    const entityOf = (name: string, config: Record<string, string>): ConfiguredEntity => ({
      entity: new Map([[CLIENT_ID, name]]),
      config: new Map(Object.entries(config)),
    });
    const configs = new QuotaConfigs('clients', {
      store: {
        readAllOf: () => Promise.resolve([...stored].map(([name, config]) => entityOf(name, config))),
        readOne: (_kind, name) => Promise.resolve(name.includes('/') ? null : entityOf(name, stored.get(name) ?? {})),
      },
      quotas,
      logger: { error: write, warn: write, info: write, debug: write },
    });
    const inForce = (): number[] => ['a', 'b'].map((clientId) => quotas.produce.valueMax('u', clientId));

    stored.set('a', { producer_byte_rate: '10', 'SCRAM-SHA-256': 'salt=' });
    await configs.readAgain('a');
    expect(inForce()).to.deep.equal([100, Infinity]);
    stored.set('a', { producer_byte_rate: '1.5' });
    await configs.readAgain('a');
    await configs.readAgain('a/b');
    expect(inForce()).to.deep.equal([100, Infinity]);
    expect(log).to.have.length(2);
    stored.clear();
    stored.set('b', { producer_byte_rate: '20' });
    await configs.readAllAgain();
    expect(inForce()).to.deep.equal([Infinity, 200]);
    stored.clear();
    await configs.readAgain('b');
    expect(inForce()).to.deep.equal([Infinity, Infinity]);
  });
});
