/**
 * Three coordinators and three brokers while servers are killed and paused, under producers and a consumer group of kafkajs and
 * librdkafka. Afterwards nothing that was acknowledged with acks=all is missing, idempotent producers have left no record
 * twice and none out of order, and the group's committed offsets never went back. SOAK_ROUNDS says how many rounds (`make soak`: 50),
 * SOAK_SEED which bad luck they bring.
 */
import { expect } from 'chai';
import type { Admin } from 'kafkajs';
import { Chaos } from './support/chaos.ts';
import { eventually, ServerCluster } from './support/cluster.ts';
import { GroupReader } from './support/group-reader.ts';
import { Program } from './support/process.ts';
import { allInSync, compareRecords, patientClient, readAll, Sender } from './support/recorders.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 4);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
const PARTITIONS = 3;
const TOPIC = 'chaos';
const GROUP = 'chaos-readers';
const BATCH = 10;

type FetchOffsets = Awaited<ReturnType<Admin['fetchOffsets']>>;

/**
 * librdkafka, by kcat, whose end says whether all that it was given was delivered. kcat gives up by itself when none of its
 * connections stands for a moment: then nothing is promised about that one's records, and the next one begins.
 */
class KcatSender {
  private readonly bootstrap: string;
  private readonly timer: NodeJS.Timeout;
  private program: Program;
  private lives = 0;
  private next = 0;

  constructor(bootstrap: string) {
    this.bootstrap = bootstrap;
    this.program = this.launch();
    this.timer = setInterval(() => {
      if (this.program.ended !== undefined) {
        this.lives++;
        this.next = 0;
        this.program = this.launch();
      }
      let lines = '';
      for (let n = 0; n < BATCH; n++) lines += `kcat${this.lives}:${this.next++}\n`;
      this.program.type(lines);
    }, 50);
  }

  private launch(): Program {
    const settings = ['enable.idempotence=true', 'acks=all', 'message.timeout.ms=600000', 'linger.ms=5'];
    const args = ['-q', '-b', this.bootstrap, '-P', '-t', TOPIC, '-p', '0', ...settings.flatMap((setting) => ['-X', setting])];
    return new Program('kcat', args, { openInput: true });
  }

  /** What the last one was given; all of it was acknowledged, or this fails. */
  async stop(): Promise<Map<string, string>> {
    clearInterval(this.timer);
    this.program.endInput();
    const { code, stderr } = await this.program.finish(120_000);
    expect(code, stderr).to.equal(0);
    return new Map(Array.from({ length: this.next }, (_, number) => [`kcat${this.lives}:${number}`, 'in the end']));
  }
}

describe(`a cluster on a bad day (seed ${SEED}, ${ROUNDS} rounds)`, function () {
  this.timeout(240_000 + ROUNDS * 120_000);
  let cluster: ServerCluster;
  let reader: GroupReader | null = null;

  before(async () => {
    cluster = await ServerCluster.start({
      coordinators: ['vivarium', 'vivarium', 'vivarium'],
      brokers: ['vivarium', 'vivarium', 'vivarium'],
      broker: { 'min.insync.replicas': 2, 'log.segment.bytes': 1 << 20, 'replica.lag.time.max.ms': 10_000 },
    });
  });
  after(() => cluster.close());
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    process.stderr.write(`What the servers said is in ${cluster.writeLogs()}; the group's reader said:\n${reader?.transcript() ?? 'nothing'}\n`);
    await reader?.stop();
  });

  it('loses nothing, doubles nothing, and goes back nowhere', async () => {
    const kafka = patientClient(cluster.bootstrap);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 3 }], waitForLeaders: true });
    const exact = new Sender(kafka, TOPIC, PARTITIONS, 'exact', true);
    const plain = new Sender(kafka, TOPIC, PARTITIONS, 'plain', false);
    const kcat = new KcatSender(cluster.bootstrap);
    reader = new GroupReader(cluster.bootstrap, TOPIC, GROUP);

    const committed = new Map<number, number>();
    const noteCommitted = async (): Promise<void> => {
      // kafkajs asks the coordinator that it knows, and fails where the group has moved.
      const fetched = (): Promise<FetchOffsets | null> => admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] }).catch(() => null);
      const [group] = await eventually('committed offsets', fetched);
      for (const { partition, offset } of group?.partitions ?? []) {
        const before = committed.get(partition) ?? -1;
        expect(Number(offset), `committed offset of partition ${partition}`).to.be.at.least(before);
        committed.set(partition, Number(offset));
      }
    };

    const chaos = new Chaos(cluster, SEED);
    for (let round = 1; round <= ROUNDS; round++) {
      const disruption = chaos.next();
      const acknowledgedBefore = exact.acknowledged.size;
      process.stderr.write(`round ${round}: ${disruption.name}\n`);
      await disruption.run();
      await eventually('all replicas in sync', () => allInSync(admin, TOPIC));
      await eventually('records acknowledged again', () => Promise.resolve(exact.acknowledged.size > acknowledgedBefore + 100 ? true : null));
      await noteCommitted();
    }
    // kcat gives up by itself when every broker is down at once.
    const fromKcat = await kcat.stop();
    process.stderr.write('at last: everybody at once\n');
    await chaos.killAll();
    await eventually('all replicas in sync', () => allInSync(admin, TOPIC));

    await Promise.all([exact.stop(), plain.stop()]);
    await noteCommitted();
    // The group reads on after all that, whoever reads.
    const sum = (): number => [...committed.values()].reduce((all, offset) => all + offset, 0);
    const ends = await admin.fetchTopicOffsets(TOPIC);
    const end = ends.reduce((all, { offset }) => all + Number(offset), 0);
    await eventually(`the group has committed all ${end} records`, async () => {
      await noteCommitted();
      return sum() === end ? true : null;
    }, 90_000);
    await reader.stop();
    await admin.disconnect();

    const stored = await readAll(cluster.bootstrap, TOPIC, PARTITIONS);
    const acknowledged = new Map([...exact.acknowledged, ...plain.acknowledged, ...fromKcat]);
    process.stderr.write(`${acknowledged.size} records acknowledged, ${stored.length} stored\n`);
    expect(compareRecords(acknowledged, stored)).to.deep.equal({ lost: [], doubled: [], disordered: [] });
    expect(acknowledged.size).to.be.greaterThan(ROUNDS * 100);
  });
});
