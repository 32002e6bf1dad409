/** Entry point of kafka-reassign-partitions; see commands/reassign-partitions.ts. */
import { reassignPartitions } from './commands/reassign-partitions.ts';
import { runTool } from './io.ts';

void runTool(reassignPartitions);
