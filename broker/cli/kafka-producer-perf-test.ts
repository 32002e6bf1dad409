/** Entry point of kafka-producer-perf-test; see commands/producer-perf-test.ts. */
import { producerPerfTest } from './commands/producer-perf-test.ts';
import { runTool } from './io.ts';

void runTool(producerPerfTest);
