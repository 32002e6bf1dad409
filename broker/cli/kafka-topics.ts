/** Entry point of kafka-topics; see commands/topics.ts. */
import { topics } from './commands/topics.ts';
import { runTool } from './io.ts';

void runTool(topics);
