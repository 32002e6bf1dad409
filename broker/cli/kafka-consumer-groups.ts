/** Entry point of kafka-consumer-groups; see commands/consumer-groups.ts. */
import { consumerGroups } from './commands/consumer-groups.ts';
import { runTool } from './io.ts';

void runTool(consumerGroups);
