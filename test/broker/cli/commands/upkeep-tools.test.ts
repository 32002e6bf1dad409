/** Tools that look after a cluster, run against a broker of ours. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cluster as clusterTool } from '../../../../broker/cli/commands/cluster.ts';
import { deleteRecordsTool } from '../../../../broker/cli/commands/delete-records.ts';
import { logDirs } from '../../../../broker/cli/commands/log-dirs.ts';
import { produce } from '../../../../broker/protocol/messages/00-produce.ts';
import { createTopics } from '../../../../broker/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../../../broker/records/build-batch.ts';
import type { Broker } from '../../../../broker/server/broker.ts';
import { TestCluster } from '../../server/test-cluster.ts';
import { runCommand } from '../fake-io.ts';

describe('tools of upkeep', () => {
  const cluster = new TestCluster();
  let broker: Broker;
  let server: string[];
  const batch = buildBatch({ records: ['a', 'b', 'c'].map((value) => ({ key: null, value: Buffer.from(value), timestamp: 5 })) });

  before(async () => {
    await cluster.start();
    broker = await cluster.broker(0);
    server = ['--bootstrap-server', `127.0.0.1:${broker.port}`];
    const client = await cluster.client(broker);
    const topics = [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
    await client.call(createTopics, { topics, timeoutMs: 10_000 });
    const topicData = [{ name: 't', partitionData: [{ index: 0, records: batch }] }];
    await client.call(produce, { acks: -1, timeoutMs: 10_000, topicData });
  });
  after(() => cluster.close());

  describe('kafka-log-dirs', () => {
    it('tells the size of each partition', async () => {
      const { out, status } = await runCommand(logDirs, [...server, '--describe', '--topic-list', 't']);
      expect(status).to.equal(0);
      const [first, second, json] = out.split('\n');
      expect(first).to.equal('Querying brokers for log directories information');
      expect(second).to.equal('Received log directory information from brokers 0');
      const report = JSON.parse(json!) as { brokers: { logDirs: { logDir: string; partitions: { partition: string; size: number }[] }[] }[] };
      const directory = report.brokers[0]!.logDirs[0]!;
      expect(directory.logDir).to.equal(join(cluster.dir, 'logs-0'));
      const sizes = Object.fromEntries(directory.partitions.map(({ partition, size }) => [partition, size]));
      expect(sizes).to.deep.equal({ 't-0': batch.length, 't-1': 0 });
    });

    it('refuses brokers that are not there, and ends with 0', async () => {
      expect(await runCommand(logDirs, [...server, '--describe', '--broker-list', '0,7'])).to.deep.equal({
        status: 0,
        out: 'ERROR: The given brokers do not exist from --broker-list: 7. Current existent brokers: 0\n',
        err: '',
      });
    });
  });

  describe('kafka-delete-records', () => {
    const run = (content: string): ReturnType<typeof runCommand> => {
      const path = join(cluster.dir, 'offsets.json');
      writeFileSync(path, content);
      return runCommand(deleteRecordsTool, [...server, '--offset-json-file', path]);
    };

    it('moves the start of logs, and tells where it could not', async () => {
      const partitions = [
        { topic: 't', partition: 0, offset: 2 },
        { topic: 't', partition: 1, offset: 9 },
      ];
      const { out, status } = await run(JSON.stringify({ version: 1, partitions }));
      expect(status).to.equal(0);
      expect(out).to.match(/^Executing records delete operation\nRecords delete operation completed:\n/);
      expect(out).to.contain('partition: t-0\tlow_watermark: 2\n');
      expect(out).to.contain('partition: t-1\terror: org.apache.kafka.common.errors.OffsetOutOfRangeException: ');
    });

    it('refuses what it cannot read', async () => {
      const failure = 'Exception in thread "main" kafka.admin.AdminOperationException: The input string is not a valid JSON\n';
      expect(await run('foo')).to.deep.equal({ status: 1, out: '', err: failure });
      expect((await run('{"version":2,"partitions":[]}')).err).to.contain('Not supported version field value 2');
      const twice = '{"topic":"t","partition":0,"offset":1}';
      expect((await run(`{"partitions":[${twice},${twice}]}`)).err).to.contain('contains duplicate topic partitions: t-0');
    });
  });

  describe('kafka-cluster', () => {
    it('tells the id of the cluster', async () => {
      const expected = { status: 0, out: `Cluster ID: ${broker.clusterId}\n`, err: '' };
      expect(await runCommand(clusterTool, ['cluster-id', ...server])).to.deep.equal(expected);
    });

    it('wants to know what to do, and with whom', async () => {
      expect((await runCommand(clusterTool, [])).err).to.match(/too few arguments\n$/);
      expect((await runCommand(clusterTool, ['cluster-id'])).err).to.equal('Please specify --bootstrap-server.\n');
    });
  });
});
