/**
 * zookeeper-shell: a coordinator's tree at the command line, as ZooKeeper's own shell. With a command it runs that one and
 * exits with its code; without, it reads lines.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { runProgram } from '../../shared/runtime/program.ts';
import { systemProperties } from '../../shared/settings/system-properties.ts';
import { parseProperties } from '../../shared/settings/properties.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import { loadClientTls } from '../../shared/tls/client-tls.ts';
import { CliError, describeFailure } from './cli-error.ts';
import { parseCommandLine } from './command-line.ts';
import { Conversation } from './conversation.ts';
import { ShellSession } from './shell-session.ts';

/** `zookeeper.client.secure` and the like, from flags for a JVM and from files, which win. */
function connectionTls(files: readonly string[]): ConnectionOptions | null {
  const properties = systemProperties(process.env, ['CLIENT_JVMFLAGS', 'JVMFLAGS', 'KAFKA_OPTS'], /^zookeeper\./);
  try {
    for (const file of files) for (const [key, value] of parseProperties(readFileSync(file, 'utf8'))) properties.set(key, value);
    return loadClientTls(properties);
  } catch (error) {
    if (error instanceof SettingError) throw new CliError(error.message);
    const { code, path, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CliError(`Cannot read the configuration ${path ?? ''}: ${message}`);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const write = (text: string): void => void stdout.write(text);
  const err = (text: string): void => void stderr.write(text);
  let out = write;
  let shell: ShellSession | null = null;
  try {
    const options = parseCommandLine(argv);
    const tls = connectionTls(options.configurationFiles);
    shell = new ShellSession(options, { out: (text) => out(text), err }, { transport: nodeTransport(tls === null ? {} : { tls }) });
    await shell.start();
    if (options.command !== null) {
      process.once('SIGINT', () => shell?.interrupt());
      await shell.run(options.command);
    } else {
      out(`Welcome to ZooKeeper!\nJLine support is ${stdin.isTTY && stdout.isTTY ? 'enabled' : 'disabled'}\n`);
      const conversation = new Conversation(shell, stdin, stdout);
      out = (text) => conversation.print(text, write);
      await conversation.run();
    }
    return shell.exitCode;
  } catch (error) {
    const { message, exitCode } = describeFailure(error);
    err(`${message}\n`);
    return exitCode;
  } finally {
    await shell?.end();
  }
}

void runProgram(main);
