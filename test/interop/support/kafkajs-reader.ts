/**
 * A program: a member of a consumer group by kafkajs, `kafkajs-reader.ts BOOTSTRAP TOPIC GROUP`. Says "turn" twice a second, which
 * tells that its event loop turns, and leaves the group when its standard input ends.
 */
import { patientClient } from './recorders.ts';

const TURN_MS = 500;

const [bootstrap, topic, groupId] = process.argv.slice(2) as [string, string, string];
const consumer = patientClient(bootstrap, 'ERROR').consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 1_000 });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({ autoCommitInterval: 500, eachMessage: () => Promise.resolve() });
const turns = setInterval(() => process.stdout.write('turn\n'), TURN_MS);
process.stdin.resume();
process.stdin.once('end', () => {
  clearInterval(turns);
  void consumer.disconnect();
});
