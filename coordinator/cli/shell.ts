/**
 * zookeeper-shell: a coordinator's tree at the command line, as ZooKeeper's own shell. With a command it runs that one and
 * exits with its code; without, it reads lines.
 */
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { describeFailure } from './cli-error.ts';
import { parseCommandLine } from './command-line.ts';
import { Conversation } from './conversation.ts';
import { ShellSession } from './shell-session.ts';

async function main(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const write = (text: string): void => void stdout.write(text);
  const err = (text: string): void => void stderr.write(text);
  let out = write;
  let shell: ShellSession | null = null;
  try {
    const options = parseCommandLine(argv);
    shell = new ShellSession(options, { out: (text) => out(text), err }, { transport: nodeTransport() });
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

process.exitCode = await main(process.argv.slice(2));
