/** Entry point of kafka-get-offsets; see commands/get-offsets.ts. */
import { getOffsets } from './commands/get-offsets.ts';
import { runTool } from './io.ts';

void runTool(getOffsets);
