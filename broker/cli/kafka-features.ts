/** Entry point of kafka-features; see commands/features.ts. */
import { features } from './commands/features.ts';
import { runTool } from './io.ts';

void runTool(features);
