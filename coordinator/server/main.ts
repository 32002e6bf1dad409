/**
 * The coordinator's command line: `main.ts <zookeeper.properties>`. Log lines and exit codes are those of ZooKeeper's
 * QuorumPeerMain: 0 stopped, 1 failed, 2 wrong arguments or settings, 3 the data directory can't be used,
 * 4 the AdminServer can't be started.
 */
import { readFileSync } from 'node:fs';
import { parseOverride, parseProperties } from '../../shared/settings/properties.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import { systemProperties } from '../../shared/settings/system-properties.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { StoreError } from '../store/txn-log.ts';
import type { Member } from './member.ts';
import { startMember } from './member.ts';
import type { LoadedServerSettings } from './settings.ts';
import { loadServerSettings } from './settings.ts';

const EXIT_UNEXPECTED = 1;
const EXIT_INVALID = 2;
const EXIT_DATA_DIR = 3;
const EXIT_ADMIN_SERVER = 4;
const USAGE = 'Usage: zookeeper-server-start.sh [-daemon] zookeeper.properties [--override key=value]*';

const main = createLogger('org.apache.zookeeper.server.quorum.QuorumPeerMain');
const config = createLogger('org.apache.zookeeper.server.quorum.QuorumPeerConfig');

/** Ends the process once what was logged has left: standard output may be a pipe. */
function exit(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.exit(code));
}

/** What operators give the JVM, and what of it is for us. */
const JVM_FLAGS = ['JVMFLAGS', 'SERVER_JVMFLAGS', 'KAFKA_OPTS'];
const OUR_PROPERTIES = /^(?:zookeeper\..+|znode\.container\..+|java\.security\.auth\.login\.config|jute\.maxbuffer|readonlymode\.enabled)$/;

function readSettings(args: readonly string[]): LoadedServerSettings {
  const [file, ...rest] = args;
  if (file === undefined || file.startsWith('-')) throw new SettingError(USAGE);
  config.info(`Reading configuration from: ${file}`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SettingError(`Error processing ${file}: ${(cause as Error).message}`);
  }
  // The file wins: the original turns its keys into system properties, over those of the command line.
  const properties = new Map([...systemProperties(process.env, JVM_FLAGS, OUR_PROPERTIES), ...parseProperties(text)]);
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] !== '--override' || rest[i + 1] === undefined) throw new SettingError(`Unexpected argument "${rest[i]}". ${USAGE}`);
    const [key, value] = parseOverride(rest[++i]!);
    properties.set(key, value);
  }
  return loadServerSettings(properties);
}

async function run(args: readonly string[]): Promise<void> {
  const { settings, warnings } = readSettings(args);
  for (const warning of warnings) config.warn(warning);
  config.info(`clientPortAddress is ${settings.clientPortAddress ?? '0.0.0.0'}:${settings.clientPort}`);
  const { ensemble } = settings;
  if (ensemble === null) main.warn('Either no config or no quorum defined in config, running in standalone mode');
  else main.info(`Starting quorum peer, myid=${ensemble.myId}, ${ensemble.self.role} of ${[...ensemble.quorum.members.keys()].join(', ')}`);
  const server = createLogger('org.apache.zookeeper.server.ZooKeeperServer');
  server.info(
    `Created server with tickTime ${settings.tickTime} ms minSessionTimeout ${settings.minSessionTimeoutMs} ms ` +
      `maxSessionTimeout ${settings.maxSessionTimeoutMs} ms clientPortListenBacklog ${settings.clientPortListenBacklog} ` +
      `datadir ${settings.logDir} snapdir ${settings.snapDir}`,
  );

  let member: Member | null = null;
  let stopping = false;
  const stop = (signal: string): void => {
    // A second signal while the first is being carried out means: now.
    if (stopping) return exit(EXIT_UNEXPECTED);
    stopping = true;
    server.info(`Shutting down (${signal})`);
    const closed = member === null ? Promise.resolve() : member.close();
    closed.then(
      () => exit(0),
      (error: unknown) => {
        server.error('Could not stop cleanly', { error });
        exit(EXIT_UNEXPECTED);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));

  member = await startMember(settings, { onFailure: () => exit(EXIT_UNEXPECTED), configFile: args[0]! });
  const failure = member.lookInFailure;
  // One of an ensemble is worth more without it than not at all.
  if (failure !== null && ensemble === null) {
    const line = failure.server === 'AdminServer' ? 'Unable to start AdminServer, exiting abnormally' : 'Cannot boot MetricsProvider, exiting abnormally';
    main.error(`${line}: ${failure.message}`);
    process.stderr.write(`${line}\n`);
    await member.close();
    exit(failure.server === 'AdminServer' ? EXIT_ADMIN_SERVER : EXIT_UNEXPECTED);
    return;
  }
  if (ensemble === null) server.info(`Started: serving clients on port ${member.port}`);
}

run(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof SettingError) {
    main.error(`Invalid config, exiting abnormally: ${error.message}`);
    process.stderr.write(`Invalid config, exiting abnormally: ${error.message}\n`);
    exit(EXIT_INVALID);
  } else if (error instanceof StoreError) {
    main.error(`Unable to access datadir, exiting abnormally: ${error.message}`);
    process.stderr.write(`Unable to access datadir, exiting abnormally: ${error.message}\n`);
    exit(EXIT_DATA_DIR);
  } else {
    main.error('Unexpected exception, exiting abnormally', { error });
    exit(EXIT_UNEXPECTED);
  }
});
