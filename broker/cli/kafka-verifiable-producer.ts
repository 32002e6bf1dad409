/** Entry point of kafka-verifiable-producer; see commands/verifiable-producer.ts. */
import { verifiableProducer } from './commands/verifiable-producer.ts';
import { runTool } from './io.ts';

void runTool(verifiableProducer);
