/** Entry point of kafka-consumer-perf-test; see commands/consumer-perf-test.ts. */
import { consumerPerfTest } from './commands/consumer-perf-test.ts';
import { runTool } from './io.ts';

void runTool(consumerPerfTest);
