/** What zookeeper-shell is started with, and how a line typed into it is cut into words (`ZooKeeperMain.MyCommandOptions`). */
import { CliError } from './cli-error.ts';

export interface ShellOptions {
  server: string;
  timeoutMs: number;
  readOnly: boolean;
  waitForConnection: boolean;
  /** Property files about the connection: TLS. */
  configurationFiles: readonly string[];
  /** The one command to run, or null for a conversation. */
  command: readonly string[] | null;
}

/** ZooKeeper's option for it, and that of Kafka's zookeeper-shell. */
const CONFIGURATION_FILE = new Set(['-client-configuration', '-zk-tls-config-file']);

/** Throws `CliError`. */
export function parseCommandLine(argv: readonly string[]): ShellOptions {
  const options: ShellOptions = { server: 'localhost:2181', timeoutMs: 30_000, readOnly: false, waitForConnection: false, configurationFiles: [], command: null };
  for (let i = 0; i < argv.length; i++) {
    const option = argv[i]!;
    const value = (): string => {
      const next = argv[++i];
      if (next === undefined) throw new CliError(`Error: no argument found for option ${option}`);
      return next;
    };
    if (option === '-server') options.server = value();
    else if (option === '-timeout') options.timeoutMs = parseTimeout(value());
    else if (option === '-r') options.readOnly = true;
    else if (option === '-waitforconnection') options.waitForConnection = true;
    else if (CONFIGURATION_FILE.has(option)) options.configurationFiles = [...options.configurationFiles, value()];
    // Other options are passed over, as the original passes over them.
    else if (!option.startsWith('-')) return { ...options, command: argv.slice(i) };
  }
  return options;
}

function parseTimeout(text: string): number {
  const ms = Number(text);
  if (!/^\d+$/.test(text) || ms < 1 || ms > 0x7fff_ffff) throw new CliError(`-timeout ${text}: expected milliseconds`);
  return ms;
}

/** Words of a line: separated by blanks, or quoted with `"` or `'`. */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  for (const [, word = ''] of line.matchAll(/\s*([^"']\S*|"[^"]*"|'[^']*')\s*/g)) {
    words.push(/^(["']).*\1$/s.test(word) && word.length > 1 ? word.slice(1, -1) : word);
  }
  return words.filter((word, i) => i > 0 || word.trim() !== '');
}
