/**
 * Client quotas, set with Kafka's own kafka-configs and felt by its own clients. Times are only compared with what a quota demands at least,
 * and by a wide margin: how long it takes beyond that is the machine's affair.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, tool, toolOk } from './support/clients.ts';
import { createTopic } from './support/kafkajs.ts';
import { runOk } from './support/process.ts';
import { kafkaTool, propertiesText } from './support/servers.ts';
import { bootstrap, freshName } from './support/shared-pair.ts';

const RECORD_SIZE = 1000;
const BYTES_PER_SECOND = 50_000;
/** Ten seconds' worth may come at once, and what is more than that takes its time: here six and a half seconds. */
const RECORD_COUNT = 825;
const SECONDS_MIN = 3;

describe('client quotas', () => {
  const directory = mkdtempSync(join(tmpdir(), 'interop-quotas-'));
  after(() => rmSync(directory, { recursive: true }));

  const entity = (clientId: string): string[] => ['--entity-type', 'clients', '--entity-name', clientId];
  const set = async (clientId: string, quota: string): Promise<void> => {
    const said = await toolOk('kafka-configs', ['--alter', ...entity(clientId), '--add-config', quota]);
    expect(said).to.equal(`Completed updating config for client ${clientId}.\n`);
    expect(await toolOk('kafka-configs', ['--describe', ...entity(clientId)])).to.equal(
      `Quota configs for client-id '${clientId}' are ${quota.replace(/=(\d+)$/, '=$1.0')}\n`,
    );
  };
  const remove = (clientId: string, key: string): Promise<string> =>
    toolOk('kafka-configs', ['--alter', ...entity(clientId), '--delete-config', key]);

  /** A metric among those that a tool prints at its end. */
  const metric = (output: string, name: string): number => {
    const line = linesOf(output).find((text) => text.includes(`-metrics:${name}:{client-id=`));
    const value = Number(line?.split(' : ')[1]);
    expect(value, `${name} in ${output}`).not.to.be.NaN;
    return value;
  };
  const seconds = async <T>(work: () => Promise<T>): Promise<[result: T, seconds: number]> => {
    const startedMs = performance.now();
    return [await work(), (performance.now() - startedMs) / 1000];
  };
  const produce = async (topic: string, clientId: string, count: number): Promise<string> => {
    const sized = ['--num-records', String(count), '--record-size', String(RECORD_SIZE), '--throughput', '-1', '--print-metrics'];
    const props = ['--producer-props', `bootstrap.servers=${bootstrap()}`, `client.id=${clientId}`];
    return (await runOk(kafkaTool, ['kafka-producer-perf-test', '--topic', topic, ...sized, ...props])).stdout;
  };

  it('slow the Java producer down while they hold', async () => {
    const topic = freshName('quota-produced');
    const clientId = freshName('producer');
    await createTopic(topic);
    await set(clientId, `producer_byte_rate=${BYTES_PER_SECOND}`);
    const [limited, took] = await seconds(() => produce(topic, clientId, RECORD_COUNT));
    expect(metric(limited, 'produce-throttle-time-avg')).to.be.greaterThan(0);
    expect(took).to.be.greaterThan(SECONDS_MIN);
    expect(await toolOk('kafka-get-offsets', ['--topic', topic])).to.equal(`${topic}:0:${RECORD_COUNT}\n`);

    const other = await produce(topic, freshName('other'), RECORD_COUNT);
    expect(metric(other, 'produce-throttle-time-max')).to.equal(0);

    await remove(clientId, 'producer_byte_rate');
    // In force with the announcement, which nobody tells us of.
    while (metric(await produce(topic, clientId, RECORD_COUNT), 'produce-throttle-time-max') > 0);
  });

  it('slow the Java consumer down', async () => {
    const topic = freshName('quota-consumed');
    const clientId = freshName('consumer');
    await createTopic(topic);
    await produce(topic, freshName('filler'), RECORD_COUNT);
    await set(clientId, `consumer_byte_rate=${BYTES_PER_SECOND}`);
    const config = join(directory, 'consumer.properties');
    writeFileSync(config, propertiesText({ 'client.id': clientId }));
    const args = ['--topic', topic, '--messages', String(RECORD_COUNT), '--timeout', '60000', '--consumer.config', config, '--print-metrics'];
    const [output, took] = await seconds(() => toolOk('kafka-consumer-perf-test', args));
    expect(metric(output, 'fetch-throttle-time-max')).to.be.greaterThan(0);
    expect(took).to.be.greaterThan(SECONDS_MIN);
    const [, result = ''] = linesOf(output);
    expect(result.split(', ')[4], output).to.equal(String(RECORD_COUNT));
  });

  it('throttle for the time that requests take, by a second at most', async () => {
    const topic = freshName('quota-timed');
    const clientId = freshName('timed');
    await createTopic(topic);
    await set(clientId, 'request_percentage=0.01');
    // One ms of a thread's time in ten seconds: less than it takes to say hello.
    const output = await produce(topic, clientId, 3);
    const throttledMs = metric(output, 'produce-throttle-time-max');
    expect(throttledMs).to.be.greaterThan(0);
    expect(throttledMs).to.be.at.most(1000);
  });

  it('refuse more topics than may be created', async () => {
    const clientId = freshName('admin');
    // A tenth of a partition a second, 1.1 at once, and more only when nothing is owed.
    await set(clientId, 'controller_mutation_rate=0.1');
    const config = join(directory, 'admin.properties');
    writeFileSync(config, propertiesText({ 'client.id': clientId }));
    const create = (topic: string) => tool('kafka-topics', ['--create', '--topic', topic, '--partitions', '10', '--command-config', config]);
    const topic = freshName('quota-topic');
    expect((await create(topic)).stdout).to.equal(`Created topic ${topic}.\n`);
    const refused = await create(freshName('quota-topic'));
    expect(refused.code).to.equal(1);
    expect(linesOf(refused.stdout)[0]).to.equal('Error while executing topic command : The throttling quota has been exceeded.');
    const kept = await tool('kafka-topics', ['--delete', '--topic', topic, '--command-config', config]);
    expect(kept.code).to.equal(1);
    expect(linesOf(await toolOk('kafka-topics', ['--list']))).to.include(topic);
  });
});
