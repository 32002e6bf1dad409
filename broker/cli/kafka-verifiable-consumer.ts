/** Entry point of kafka-verifiable-consumer; see commands/verifiable-consumer.ts. */
import { verifiableConsumer } from './commands/verifiable-consumer.ts';
import { runTool } from './io.ts';

void runTool(verifiableConsumer);
