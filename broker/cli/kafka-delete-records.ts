/** Entry point of kafka-delete-records; see commands/delete-records.ts. */
import { deleteRecordsTool } from './commands/delete-records.ts';
import { runTool } from './io.ts';

void runTool(deleteRecordsTool);
