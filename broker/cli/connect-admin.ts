/** The admin client of a tool: `--bootstrap-server` and `--command-config`, and how Java's tools say that these are wrong. */
import { Admin } from '../client/admin.ts';
import { BootstrapError, parseBootstrap, readPropertyFile } from './bootstrap.ts';
import { logLine, uncaughtExit, type ToolIo } from './io.ts';
import { JavaError } from './java-exception.ts';
import type { Options } from './options.ts';

const API_TIMEOUT_MS = 60_000;

/** `timeoutMs` wins over `default.api.timeout.ms` of the file. An address that is none ends the tool. */
export function connectAdmin(options: Options, io: ToolIo, timeoutMs?: number): Admin {
  try {
    return createAdmin(options, io, timeoutMs);
  } catch (error) {
    if (!(error instanceof JavaError) || !(error.cause instanceof JavaError)) throw error;
    const { exception, message } = error.cause;
    return uncaughtExit(io, error.exception, error.message, `${exception}: ${message}`);
  }
}

/** The same for tools that tell themselves what is wrong: an address that is none throws `JavaError`. */
export function createAdmin(options: Options, io: ToolIo, timeoutMs?: number): Admin {
  const file = options.one('command-config');
  const properties = file === null ? new Map<string, string>() : readPropertyFile(file);
  try {
    return new Admin({
      bootstrap: parseBootstrap(options.one('bootstrap-server') ?? ''),
      clientId: properties.get('client.id') ?? 'adminclient-1',
      timeoutMs: timeoutMs ?? Number(properties.get('default.api.timeout.ms') ?? API_TIMEOUT_MS),
      log: (level, text, logger) => logLine(io, level, text, logger),
    });
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    const cause = new JavaError('org.apache.kafka.common.config.ConfigException', error.message);
    throw new JavaError('org.apache.kafka.common.KafkaException', 'Failed to create new KafkaAdminClient', { cause });
  }
}
