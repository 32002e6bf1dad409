/** Entry point of kafka-dump-log; see commands/dump-log.ts. */
import { dumpLog } from './commands/dump-log.ts';
import { runTool } from './io.ts';

void runTool(dumpLog);
