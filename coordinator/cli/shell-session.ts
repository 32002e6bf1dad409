/**
 * A shell at work: the client it holds, the history, and the commands about itself (connect, close, history, redo,
 * printwatches, quit). Reads lines from whoever has them and prints through `ShellIo`, so that it runs in a terminal, on a pipe and in tests.
 */
import type { ClientEvent, ClientOptions } from '../../shared/client/client.ts';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { EventType } from '../../shared/znode/watch-event.ts';
import { CliError, describeFailure } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import type { ShellOptions } from './command-line.ts';
import { splitLine } from './command-line.ts';
import { BEYOND_COMMANDS, COMMANDS, ORIGINAL_COMMANDS } from './commands/index.ts';
import { formatEvent } from './format.ts';

export interface ShellIo {
  out(text: string): void;
  err(text: string): void;
}

const OWN_COMMANDS: Readonly<Record<string, string>> = {
  close: '',
  connect: 'host:port',
  history: '',
  printwatches: 'on|off',
  quit: '',
  redo: 'cmdno',
};

const EXIT_UNKNOWN_COMMAND = 127;
/** Entries that `history` shows besides itself. */
const HISTORY_SHOWN = 10;
/** Lines kept for `redo`: a script that is piped in may have millions. */
const HISTORY_MAX = 1_000;

/** All names. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys(), ...Object.keys(OWN_COMMANDS)].sort();

export class ShellSession {
  /** Of the last command. */
  exitCode = 0;
  private readonly options: ShellOptions;
  private readonly io: ShellIo;
  private readonly clientOptions: Partial<ClientOptions>;
  private server: string;
  private client: CoordinatorClient;
  private readonly history = new Map<number, string>();
  private commandCount = 0;
  private printWatches = true;
  private quitting = false;
  private muted = false;
  private wakeInterrupted: () => void = () => {};

  /** @param clientOptions what else to make clients with, e.g. their transport. */
  constructor(options: ShellOptions, io: ShellIo, clientOptions: Partial<ClientOptions> = {}) {
    this.options = options;
    this.io = io;
    this.clientOptions = clientOptions;
    this.server = options.server;
    io.out(`Connecting to ${options.server}\n`);
    this.client = this.openClient();
  }

  /** Fails with a `CliError` when `-waitforconnection` waited in vain. */
  async start(): Promise<void> {
    await this.waitIfAsked();
  }

  get prompt(): string {
    return `[zk: ${this.server}(${this.client.state}) ${this.commandCount}] `;
  }

  get hasQuit(): boolean {
    return this.quitting;
  }

  get currentClient(): CoordinatorClient {
    return this.client;
  }

  /** Runs one typed line and keeps it in the history. An empty one is nothing. */
  async runLine(line: string): Promise<void> {
    const words = splitLine(line);
    if (words.length === 0) return;
    this.history.set(this.commandCount, line);
    this.history.delete(this.commandCount - HISTORY_MAX);
    await this.run(words);
    this.commandCount++;
  }

  /** Runs one command; failures are printed, and remembered as `exitCode`. */
  async run(argv: readonly string[]): Promise<void> {
    try {
      await this.dispatch(argv);
      if (!this.quitting) this.exitCode = 0;
    } catch (error) {
      const { message, exitCode } = describeFailure(error);
      this.exitCode = exitCode;
      this.io.err(`${message}\n`);
    }
  }

  /** Ends a command that goes on until then. */
  interrupt(): void {
    this.wakeInterrupted();
  }

  /** Ends the session at the server, without a word to the user. */
  async end(): Promise<void> {
    this.muted = true;
    await this.client.close();
  }

  private async dispatch(argv: readonly string[]): Promise<void> {
    const name = argv[0]!;
    const command = COMMANDS.get(name);
    if (command === undefined && !Object.hasOwn(OWN_COMMANDS, name)) {
      this.io.err(name === 'help' ? usage() + usageBeyond() : usage());
      throw new CliError(`Command not found: Command not found ${name}`, EXIT_UNKNOWN_COMMAND);
    }
    switch (name) {
      case 'quit':
        this.quitting = true;
        await this.client.close();
        return;
      case 'redo':
        if (argv.length >= 2) return this.redo(argv[1]!);
        break;
      case 'history':
        for (let i = Math.max(this.commandCount - HISTORY_SHOWN, 0); i <= this.commandCount; i++) {
          this.io.out(`${i} - ${this.history.get(i) ?? 'null'}\n`);
        }
        break;
      case 'printwatches':
        if (argv.length === 1) this.io.out(`printwatches is ${this.printWatches ? 'on' : 'off'}\n`);
        else this.printWatches = argv[1] === 'on';
        break;
      case 'connect':
        await this.connect(argv[1] ?? this.server);
        break;
    }
    if (!isAlive(this.client)) {
      this.io.out('Not connected\n');
      return;
    }
    if (name === 'close') await this.client.close();
    else await command?.run(argv, this.context());
  }

  private async redo(text: string): Promise<void> {
    const number = Number(text);
    const line = this.history.get(number);
    if (!/^\d+$/.test(text) || number >= this.commandCount || line === undefined) throw new CliError('Command index out of range');
    const words = splitLine(line);
    if (words[0] === 'redo') throw new CliError('No redoing redos');
    this.history.set(this.commandCount, line);
    await this.dispatch(words);
  }

  private async connect(server: string): Promise<void> {
    if (isAlive(this.client)) await this.client.close();
    this.server = server;
    this.client = this.openClient();
    await this.waitIfAsked();
  }

  private openClient(): CoordinatorClient {
    const client = CoordinatorClient.open({
      ...this.clientOptions,
      servers: this.server,
      sessionTimeoutMs: this.options.timeoutMs,
      readOnly: this.options.readOnly,
      failFast: true,
    });
    // Changes of the session's state; events of znodes come to the watches that asked for them.
    client.on('event', (event) => event.type === EventType.None && this.printEvent(event));
    return client;
  }

  private async waitIfAsked(): Promise<void> {
    if (this.options.waitForConnection) await this.client.whenConnected(this.options.timeoutMs);
  }

  private readonly printEvent = (event: ClientEvent): void => {
    if (this.printWatches && !this.muted) this.io.out(`\nWATCHER::\n\n${formatEvent(event)}\n`);
  };

  private context(): CommandContext {
    return {
      client: this.client,
      out: (text) => this.io.out(text),
      err: (line) => this.io.err(`${line}\n`),
      watch: this.printEvent,
      untilInterrupted: () => this.untilInterrupted(),
    };
  }

  private untilInterrupted(): Promise<void> {
    if (this.options.command === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.wakeInterrupted = resolve;
      this.client.on('expired', resolve);
      this.client.on('closed', () => resolve());
    });
  }
}

function isAlive(client: CoordinatorClient): boolean {
  return client.state === 'CONNECTING' || client.state === 'CONNECTED' || client.state === 'CONNECTEDREADONLY';
}

/** What an unknown command is answered with: the original's list. */
export function usage(): string {
  const usageOf = (name: string): string => COMMANDS.get(name)?.usage ?? OWN_COMMANDS[name] ?? '';
  const names = [...ORIGINAL_COMMANDS.keys(), ...Object.keys(OWN_COMMANDS)].sort();
  const lines = names.map((name) => `\t${name} ${usageOf(name)}\n`);
  return `ZooKeeper -server host:port -client-configuration properties-file cmd args\n${lines.join('')}`;
}

/** What there is besides, for those who ask for help. */
function usageBeyond(): string {
  const lines = [...BEYOND_COMMANDS.values()].map(({ name, usage: words }) => `\t${name} ${words}\n`);
  return `beyond ZooKeeper's own:\n${lines.join('')}`;
}
