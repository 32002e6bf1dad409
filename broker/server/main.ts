/**
 * The broker's command line: `main.ts server.properties [--override key=value]*`. Log lines and exit codes are those of
 * `kafka.Kafka`: 0 after a clean stop, 1 when the configuration is wrong, the start fails, or the broker cannot go on.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';
import { parseCommandLine } from './command-line.ts';
import { describeFatal } from '../settings/fatal-error.ts';
import type { BrokerSettings } from '../settings/settings.ts';
import { loadBrokerSettings } from '../settings/settings.ts';

const kafka = createLogger('kafka.Kafka$');
const config = createLogger('kafka.server.KafkaConfig');

/** Ends the process once what was logged has left: standard output may be a pipe. */
function exit(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.exit(code));
}

function readSettings(args: readonly string[]): BrokerSettings | null {
  const line = parseCommandLine(args);
  if (line.kind === 'usage') {
    process.stderr.write(`${line.text}\n`, () => exit(1));
    return null;
  }
  if (line.kind === 'version') {
    process.stdout.write(`${line.text}\n`);
    exit(0);
    return null;
  }
  const { settings, warnings, inapplicable } = loadBrokerSettings(line.properties);
  for (const warning of warnings) config.warn(warning);
  if (inapplicable.length > 0) config.info(`Without effect here (one event loop, no JVM): ${inapplicable.join(', ')}`);
  return settings;
}

async function run(settings: BrokerSettings): Promise<void> {
  // Only now: --help and a wrong configuration need nothing of the broker.
  const { startBroker } = await import('./broker.ts');
  let stopping = false;
  const stop = (exitCode: number): void => {
    // A second signal while the first is being carried out means: now.
    if (stopping) return exit(1);
    stopping = true;
    // A signal during the start waits for its end: half a broker cannot be stopped in order.
    starting
      .then((broker) => broker.close())
      .then(
        () => exit(exitCode),
        () => exit(1), // the start failed, which is logged
      );
  };
  const starting = startBroker(settings, {
    onFatal: (error) => {
      kafka.error('Halting Kafka.', { error: describeFatal(error) });
      stop(1);
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      createLogger('org.apache.kafka.common.utils.LoggingSignalHandler').info(`Terminating process due to signal ${signal}`);
      stop(0);
    });
  }
  try {
    await starting;
  } catch (error) {
    if (isHalt(error)) createLogger('kafka.log.LogManager').error((error as Error).message);
    else kafka.error('Exiting Kafka due to fatal exception during startup.', { error: describeFatal(error) });
    exit(1);
  }
}

/** The original halts without an exception when no log directory is left. */
function isHalt(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Shutdown broker because');
}

async function main(argv: readonly string[]): Promise<void> {
  try {
    const settings = readSettings(argv);
    if (settings !== null) await run(settings);
  } catch (error) {
    kafka.error('Exiting Kafka due to fatal exception', { error: describeFatal(error) });
    exit(1);
  }
}

void main(process.argv.slice(2));
