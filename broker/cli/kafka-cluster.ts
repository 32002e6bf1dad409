/** Entry point of kafka-cluster; see commands/cluster.ts. */
import { cluster } from './commands/cluster.ts';
import { runTool } from './io.ts';

void runTool(cluster);
