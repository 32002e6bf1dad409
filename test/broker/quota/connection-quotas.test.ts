import { expect } from 'chai';
import { type ConnectionLimits, ConnectionQuotas } from '../../../broker/quota/connection-quotas.ts';

const unlimited: ConnectionLimits = {
  connectionsMax: Infinity,
  creationRateMax: Infinity,
  connectionsPerIpMax: Infinity,
  connectionsByIp: new Map(),
  ofListeners: new Map(),
};

describe('ConnectionQuotas', () => {
  /** Eleven samples of a second, as by default: a rate is a tenth of what came, or less. */
  function quotas(limits: Partial<ConnectionLimits> = {}, listeners = ['A']): ConnectionQuotas {
    const made = new ConnectionQuotas({
      limits: { ...unlimited, ...limits },
      windows: { count: 11, sizeMs: 1000 },
      interBrokerListener: 'INSIDE',
    });
    for (const name of listeners) made.addListener(name);
    return made;
  }

  function comeIn(of: ConnectionQuotas, listener: string, address = '10.0.0.1', nowMs = 0): string {
    const throttleMs = of.arrived(listener, nowMs);
    if (throttleMs > 0) return `wait ${throttleMs}`;
    if (!of.hasRoom(listener)) return 'no room';
    const admission = of.admit(listener, address, nowMs);
    return admission.kind === 'throttled' ? `close after ${admission.closeAfterMs}` : admission.kind;
  }

  it("delays a listener for as long as its or the broker's rate is above the limit, at most for a window", () => {
    const of = quotas({ creationRateMax: 10 }, ['A', 'B']);
    for (let n = 0; n < 100; n++) expect(comeIn(of, 'A')).to.equal('admitted');
    // 101 in 10 s are 10.1 a second: one percent too many, over 10 s.
    expect(comeIn(of, 'B')).to.equal('wait 100');
    for (let n = 0; n < 30; n++) of.arrived('A', 0);
    expect(comeIn(of, 'A')).to.equal('wait 1000');
    const listener = quotas({ ofListeners: new Map([['A', { connectionsMax: Infinity, creationRateMax: 0.1 }]]) }, ['A', 'B']);
    expect(comeIn(listener, 'A')).to.equal('admitted');
    expect(comeIn(listener, 'A')).to.equal('wait 1000');
    expect(comeIn(listener, 'B')).to.equal('admitted');
  });

  it("does not hold brokers up by the broker's limits, where they have a listener of their own", () => {
    const limits = { connectionsMax: 1, creationRateMax: 0.1, ofListeners: new Map([['INSIDE', { connectionsMax: 2, creationRateMax: 0.2 }]]) };
    const of = quotas(limits, ['OUTSIDE', 'INSIDE']);
    expect(['OUTSIDE', 'INSIDE', 'INSIDE'].map((listener) => comeIn(of, listener))).to.deep.equal(['admitted', 'admitted', 'admitted']);
    expect([of.isOverfull, of.isProtected('INSIDE'), of.isProtected('OUTSIDE')]).to.deep.equal([true, true, false]);
    expect(comeIn(of, 'INSIDE'), 'by its own they do').to.equal('wait 1000');
    of.removeListener('OUTSIDE');
    expect([of.isProtected('INSIDE'), of.hasRoom('INSIDE')]).to.deep.equal([false, false]);
  });

  it('has room in the broker and in each listener until somebody has gone', () => {
    const of = quotas({ connectionsMax: 3, ofListeners: new Map([['A', { connectionsMax: 1, creationRateMax: Infinity }]]) }, ['A', 'B']);
    expect(['A', 'A', 'B', 'B', 'B'].map((listener) => comeIn(of, listener))).to.deep.equal(['admitted', 'no room', 'admitted', 'admitted', 'no room']);
    of.released('B', '10.0.0.1');
    expect([of.hasRoom('A'), of.hasRoom('B')]).to.deep.equal([false, true]);
    of.released('A', '10.0.0.1');
    expect(of.hasRoom('A')).to.equal(true);
    of.setLimits(unlimited);
    expect(of.hasRoom('B')).to.equal(true);
  });

  it('counts connections of each address, whose own limit wins', () => {
    const of = quotas({ connectionsPerIpMax: 1, connectionsByIp: new Map([['10.0.0.2', 2]]) });
    const addresses = ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.0.2'];
    expect(addresses.map((address) => comeIn(of, 'A', address))).to.deep.equal(['admitted', 'tooMany', 'admitted', 'admitted', 'tooMany']);
    of.released('A', '10.0.0.1');
    expect(comeIn(of, 'A', '10.0.0.1')).to.equal('admitted');
  });

  it("turns an address that comes too often away, without counting that for anybody's rate", () => {
    const of = quotas({ creationRateMax: 2 });
    of.setAddressRate(null, 1);
    of.setAddressRate('10.0.0.9', 5);
    for (let n = 0; n < 10; n++) expect(comeIn(of, 'A')).to.equal('admitted');
    // The eleventh in 10 s is 0.1 a second too many.
    for (let n = 0; n < 20; n++) expect(comeIn(of, 'A')).to.equal('close after 1000');
    for (let n = 0; n < 10; n++) expect(comeIn(of, 'A', '10.0.0.9')).to.equal('admitted');
    expect(comeIn(of, 'A', '10.0.0.9'), "now it is the broker's rate").to.equal('wait 500');
    of.setLimits(unlimited);
    expect(comeIn(of, 'A', '10.0.0.1', 10_000)).to.equal('close after 1000');
    expect(comeIn(of, 'A', '10.0.0.1', 12_000)).to.equal('admitted');
  });

  it('lets all addresses in again when their limits are gone', () => {
    const of = quotas();
    of.setAddressRate(null, 0);
    of.setAddressRate('10.0.0.2', 0);
    expect(comeIn(of, 'A')).to.equal('close after 1000');
    of.setAddressRate(null, null);
    expect([comeIn(of, 'A'), comeIn(of, 'A', '10.0.0.2')]).to.deep.equal(['admitted', 'close after 1000']);
    of.clearAddressRates();
    expect(comeIn(of, 'A', '10.0.0.2')).to.equal('admitted');
  });
});
