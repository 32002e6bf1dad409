/**
 * Three candidates, one leader; when it goes, the next one leads.
 *
 *     node examples/02-elect-a-leader.ts --servers localhost:2181
 *
 * You'll see:
 *
 *     Ada leads
 *     Ada resigns
 *     Barbara leads
 *     Barbara's session ends without a word
 *     Edsger leads
 *
 * Each candidate has an ephemeral sequential znode below /example-election; the lowest leads, the others watch the one before
 * them. That a session ends "without a word" is noticed after its timeout, 4 s here.
 */
import { recipes } from '../shared/client/index.ts';
import { clear, connect, text } from './connect.ts';

const PATH = '/example-election';
const sessions = [await connect(), await connect(), await connect()];
const [ada, barbara, edsger] = sessions as [(typeof sessions)[0], (typeof sessions)[0], (typeof sessions)[0]];
await clear(ada, PATH);

const first = await new recipes.LeaderElection(ada, PATH, { data: 'Ada' }).campaign();
const second = new recipes.LeaderElection(barbara, PATH, { data: 'Barbara' }).campaign();
const election = new recipes.LeaderElection(edsger, PATH, { data: 'Edsger' });
while ((await election.candidates()).length < 2) continue; // so that Barbara stands before Edsger
const third = election.campaign();

const announce = async (): Promise<void> => console.log(`${text((await election.leader())!.data)} leads`);
await announce();
console.log('Ada resigns');
await first.release();
await second;
await announce();
console.log("Barbara's session ends without a word");
barbara.abandon();
const leadership = await third;
await announce();
await leadership.release();
await clear(ada, PATH);
await Promise.all([ada.close(), edsger.close()]);
