/** One history: brokers work, things go wrong, everything heals, and then all must be well again. */
import { createPrng } from '../../../shared/base/prng.ts';
import { partitionStateZnode } from '../../../broker/controller/znodes.ts';
import { BROKER_IDS, Cluster } from './cluster.ts';
import { InvariantViolation } from './invariants.ts';
import { COORDINATOR } from './world.ts';

export interface Outcome {
  readonly ackedCount: number;
  readonly leaderEpochs: number;
}

const TROUBLE_MS = 4_000;
const STEP_MS = 40;
/** Sessions run out, brokers register again, replicas catch up and are taken in. */
const PEACE_MS = 5_000;

export async function simulate(seed: number): Promise<Outcome> {
  const prng = createPrng(seed);
  const cluster = new Cluster(prng);
  await cluster.run(500);
  for (let atMs = 0; atMs < TROUBLE_MS; atMs += STEP_MS) {
    const count = prng.int(3);
    for (let i = 0; i < count; i++) cluster.produce(prng.int(4) === 0 ? 1 : -1);
    if (prng.int(7) === 0) makeTrouble(cluster, prng.int);
    await cluster.run(STEP_MS);
  }
  cluster.world.heal();
  for (const id of BROKER_IDS) if (cluster.processOf(id) === null) cluster.startBroker(id);
  await cluster.run(PEACE_MS);
  const before = cluster.ackedCount;
  for (let i = 0; i < 6; i++) cluster.produce(-1);
  await cluster.run(800);
  expectPeace(cluster, before);
  const leaderEpochs = cluster.partitions.reduce((sum, { topic, partition }) => {
    const { data } = cluster.coordinator.znodes.get(partitionStateZnode.path(topic, partition))!;
    return sum + partitionStateZnode.decode(topic, partition, data).leaderEpoch;
  }, 0);
  return { ackedCount: cluster.ackedCount, leaderEpochs };
}

function makeTrouble(cluster: Cluster, int: (below: number) => number): void {
  const { world } = cluster;
  const id = BROKER_IDS[int(BROKER_IDS.length)]!;
  const other = BROKER_IDS[int(BROKER_IDS.length)]!;
  const broker = cluster.brokers.get(id)!;
  switch (int(8)) {
    case 0:
    case 1:
      killFor(cluster, id, int(2_000));
      break;
    case 2:
      broker.process.holdUp(world.nowMs + int(2_200));
      break;
    case 3:
      if (id !== other) world.cut(id, other);
      break;
    case 4:
      world.cut(id, COORDINATOR);
      // The coordinator may see the connection break, or only hear nothing any more.
      if (int(2) === 0) cluster.coordinator.connectionBroke(id);
      break;
    case 5:
      // A broker asks to stop, and then does.
      for (const each of cluster.brokers.values()) if (each.process.isAlive && each.isController) each.shutDown(id);
      world.schedule.after(int(300), () => killFor(cluster, id, 1 + int(1_500)));
      break;
    default:
      world.heal();
  }
}

function killFor(cluster: Cluster, id: number, ms: number): void {
  if (cluster.processOf(id) === null) return;
  cluster.kill(id);
  cluster.world.schedule.after(ms, () => {
    if (cluster.processOf(id) === null) cluster.startBroker(id);
  });
}

function expectPeace(cluster: Cluster, ackedBefore: number): void {
  const fail = (text: string): never => {
    throw new InvariantViolation(`Recovers: ${text}`);
  };
  if (cluster.ackedCount === ackedBefore) fail('nothing is acknowledged after everything healed');
  for (const { name, topic, partition } of cluster.partitions) {
    const { data } = cluster.coordinator.znodes.get(partitionStateZnode.path(topic, partition))!;
    const { isr, leader } = partitionStateZnode.decode(topic, partition, data);
    if (isr.length < BROKER_IDS.length) fail(`the ISR of ${name} is ${isr.join()} with leader ${leader}`);
    const logs = BROKER_IDS.map((id) => Buffer.concat([...cluster.disk(id, name).batches]).toString('hex'));
    if (new Set(logs).size > 1) fail(`the logs of ${name} differ`);
  }
}
