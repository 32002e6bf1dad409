import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planCluster } from '../../cluster/plan.ts';

describe('planCluster', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vivarium-plan-'));
    mkdirSync(join(root, 'config'));
    writeFileSync(join(root, 'config', 'zookeeper.properties'), 'clientPort=2181\n');
    writeFileSync(join(root, 'config', 'server.properties'), 'listeners=PLAINTEXT://:9192\n');
    writeFileSync(join(root, 'own.properties'), 'clientPort=4444\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const plan = (coordinators: number, coordinatorConfig: string | null = null, brokers = 1) =>
    planCluster({ root, coordinators, brokers, coordinatorConfig, brokerConfig: null });

  it('uses the files of the ensemble for three, with a broker that knows all and has data of its own', () => {
    const servers = plan(3);
    expect(servers.map(({ name, port }) => [name, port])).to.deep.equal([['coordinator-1', 2181], ['coordinator-2', 2182], ['coordinator-3', 2183], ['broker', 9192]]);
    expect(servers[1]!.config).to.equal(join(root, 'config', 'ensemble', 'zookeeper-2.properties'));
    expect(servers[1]!.overrides).to.deep.equal([]);
    expect(Object.fromEntries(servers[3]!.overrides)).to.deep.equal({
      'zookeeper.connect': 'localhost:2181,localhost:2182,localhost:2183',
      'log.dirs': '/tmp/kafka-logs-ensemble-of-3',
    });
  });

  it('uses the stock files as they are for one, and a file given by hand for that one', () => {
    expect(plan(1).map(({ name, overrides, port }) => [name, overrides.length, port])).to.deep.equal([['coordinator', 0, 2181], ['broker', 0, 9192]]);
    expect(plan(3, join(root, 'own.properties')).map(({ port }) => port)).to.deep.equal([4444, 9192]);
  });

  it('makes any other ensemble by overrides, in which all agree on who is where', () => {
    const coordinators = plan(5).slice(0, 5);
    const lines = coordinators.map(({ overrides }) => overrides.filter(([key]) => key.startsWith('server.')));
    expect(lines[0]).to.have.length(5);
    for (const other of lines) expect(other).to.deep.equal(lines[0]);
    expect(new Set(lines[0]!.map(([, value]) => value)).size).to.equal(5);
    expect(new Set(coordinators.map(({ overrides }) => new Map(overrides).get('dataDir'))).size).to.equal(5);
  });

  it('refuses what is no number of coordinators', () => {
    for (const wrong of [0, 8, 1.5, Number.NaN]) expect(() => plan(wrong)).to.throw('--coordinators takes a number of 1 to 7');
  });

  it('uses the files of the cluster for three brokers', () => {
    const servers = plan(3, null, 3).slice(3);
    expect(servers.map(({ name, port, overrides }) => [name, port, overrides.length])).to.deep.equal([
      ['broker-0', 9092, 0],
      ['broker-1', 9093, 0],
      ['broker-2', 9094, 0],
    ]);
    expect(servers[2]!.config).to.equal(join(root, 'config', 'cluster', 'server-2.properties'));
  });

  it('makes any other number of brokers by overrides, each with a place of its own and no more replicas than brokers', () => {
    const servers = plan(1, null, 2).slice(1).map(({ overrides }) => Object.fromEntries(overrides));
    expect(servers.map((each) => each['broker.id'])).to.deep.equal(['0', '1']);
    expect(servers[1]).to.include({
      listeners: 'PLAINTEXT://:9093',
      'zookeeper.connect': 'localhost:2181',
      'default.replication.factor': '2',
      'min.insync.replicas': '1',
    });
    expect(new Set(servers.map((each) => each['log.dirs'])).size).to.equal(2);
    for (const wrong of [0, 10, 2.5]) expect(() => plan(1, null, wrong)).to.throw('--brokers takes a number of 1 to 9');
  });
});
