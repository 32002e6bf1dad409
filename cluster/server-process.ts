/**
 * One server as a child process of its own group (so that a Ctrl-C in the terminal reaches only its parent, which stops the
 * servers in order), its output in a file.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ServerProcessOptions {
  /** What people call it: `coordinator 1`, `broker 0`. */
  name: string;
  command: string;
  args: readonly string[];
  logFile: string;
}

export class ServerProcess {
  readonly name: string;
  readonly logFile: string;
  private readonly child: ChildProcess;
  /** Settles with what ended the process: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  private endedWith: string | null = null;

  constructor(options: ServerProcessOptions) {
    this.name = options.name;
    this.logFile = options.logFile;
    mkdirSync(dirname(options.logFile), { recursive: true });
    const out = openSync(options.logFile, 'a');
    this.child = spawn(options.command, options.args, { stdio: ['ignore', out, out], detached: true });
    closeSync(out);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(error.message));
      this.child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    void this.ended.then((how) => (this.endedWith = how));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get running(): boolean {
    return this.endedWith === null;
  }

  /** The last lines of its log, for an error message. */
  logTail(lineCount: number): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lineCount).join('\n');
  }

  /** SIGTERM, then SIGKILL after `patienceMs`. Resolves when the process has ended. */
  async stop(patienceMs: number): Promise<void> {
    if (!this.running) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Polls `serves` until it is true. Throws when the process ends or `patienceMs` pass before. */
export async function untilServes(server: ServerProcess, serves: () => Promise<boolean>, patienceMs: number): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  const logNote = (): string => `Last lines of ${server.logFile}:\n${server.logTail(12)}`;
  for (;;) {
    if (await serves()) return;
    if (!server.running) throw new Error(`${server.name} ended with ${await server.ended} before it served. ${logNote()}`);
    if (performance.now() > giveUpAt) throw new Error(`${server.name} does not serve after ${patienceMs} ms. ${logNote()}`);
    await new Promise((resolve) => setTimeout(resolve, 20)); // Half of a probe's usual answer time: start-up is not prolonged by it.
  }
}
