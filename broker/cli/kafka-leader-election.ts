/** Entry point of kafka-leader-election; see commands/leader-election.ts. */
import { leaderElection } from './commands/leader-election.ts';
import { runTool } from './io.ts';

void runTool(leaderElection);
