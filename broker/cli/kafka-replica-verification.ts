/** Entry point of kafka-replica-verification; see commands/replica-verification.ts. */
import { replicaVerification } from './commands/replica-verification.ts';
import { runTool } from './io.ts';

void runTool(replicaVerification);
