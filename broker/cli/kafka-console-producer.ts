/** Entry point of kafka-console-producer; see commands/console-producer.ts. */
import { consoleProducer } from './commands/console-producer.ts';
import { runTool } from './io.ts';

void runTool(consoleProducer);
