/** Entry point of kafka-broker-api-versions; see commands/broker-api-versions.ts. */
import { brokerApiVersions } from './commands/broker-api-versions.ts';
import { runTool } from './io.ts';

void runTool(brokerApiVersions);
