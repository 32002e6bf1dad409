/**
 * Reads lines and has them run, one after the other, until `quit` or the end of the input. In a terminal there is a prompt,
 * history and tab completion, and events that come while a line is being typed are printed above it.
 */
import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { complete } from './complete.ts';
import type { ShellSession } from './shell-session.ts';
import { COMMAND_NAMES } from './shell-session.ts';

/** Lines read ahead of the one that runs; more stay in the pipe. */
const READ_AHEAD_MAX = 100;

export class Conversation {
  private readonly shell: ShellSession;
  private readonly lines: Interface;
  private readonly terminal: boolean;
  private readonly waiting: string[] = [];
  private busy = false;
  private inputEnded = false;
  private promptShown = false;
  private redrawScheduled = false;
  private finish: () => void = () => {};

  constructor(shell: ShellSession, input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.shell = shell;
    this.terminal = input.isTTY && output.isTTY;
    this.lines = createInterface({
      input,
      ...(this.terminal ? { output, terminal: true } : {}),
      crlfDelay: Infinity,
      completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
        complete(line, COMMAND_NAMES, this.shell.currentClient).then(
          (result) => done(null, result),
          (error: Error) => done(error, [[], '']),
        );
      },
    });
  }

  /** Resolves when there is nothing more to do. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      const work = (): void => void this.work().catch(reject);
      this.lines.on('line', (line) => {
        this.promptShown = false;
        this.waiting.push(line);
        if (this.waiting.length >= READ_AHEAD_MAX) this.lines.pause();
        work();
      });
      this.lines.on('close', () => {
        this.inputEnded = true;
        work();
      });
      this.ask();
    });
  }

  /** Prints with `write` without disturbing a line that is being typed. */
  print(text: string, write: (text: string) => void): void {
    if (!this.promptShown) return write(text);
    write(`\r\u001b[K${text}`);
    if (this.redrawScheduled) return;
    this.redrawScheduled = true;
    setImmediate(() => {
      this.redrawScheduled = false;
      if (this.promptShown) this.ask();
    });
  }

  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let line = this.waiting.shift(); line !== undefined && !this.shell.hasQuit; line = this.waiting.shift()) {
      await this.shell.runLine(line);
      if (this.waiting.length === 0 && !this.inputEnded) this.lines.resume();
    }
    this.busy = false;
    if (this.shell.hasQuit || this.inputEnded) {
      this.finish();
      if (!this.inputEnded) this.lines.close();
    } else {
      this.ask();
    }
  }

  private ask(): void {
    if (!this.terminal || this.inputEnded) return;
    this.promptShown = true;
    this.lines.setPrompt(this.shell.prompt);
    this.lines.prompt(true);
  }
}
