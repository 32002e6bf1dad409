/** Entry point of kafka-console-consumer; see commands/console-consumer.ts. */
import { consoleConsumer } from './commands/console-consumer.ts';
import { runTool } from './io.ts';

void runTool(consoleConsumer);
