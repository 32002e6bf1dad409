/** Entry point of kafka-configs; see commands/configs.ts. */
import { configs } from './commands/configs.ts';
import { runTool } from './io.ts';

void runTool(configs);
