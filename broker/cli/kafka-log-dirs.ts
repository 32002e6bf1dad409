/** Entry point of kafka-log-dirs; see commands/log-dirs.ts. */
import { logDirs } from './commands/log-dirs.ts';
import { runTool } from './io.ts';

void runTool(logDirs);
