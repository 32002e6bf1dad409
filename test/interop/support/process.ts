/**
 * Foreign programs as the tests use them: run to the end with what they said, or kept running and listened to.
 *
 * Every program gets a process group of its own, so that a launcher script and what it launched are signalled together and
 * nothing is left behind (`leftovers.ts`). Output is collected in full, because a
 * failing test has to show it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { groupEnded, groupStarted, signalGroup } from './leftovers.ts';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads from its standard input, which then ends. Without it the input is empty, or open where `openInput`. */
  readonly input?: string | Buffer | AsyncIterable<Buffer>;
  /** Keeps standard input open for `type()`. */
  readonly openInput?: boolean;
  /** Takes the bytes of standard output instead of the collected text: for output too long or too binary to keep. */
  readonly onStdout?: (chunk: Buffer) => void;
}

export class Program {
  /** The command as one would type it, for messages. */
  readonly title: string;
  /** Id of the process that was started and of its process group. */
  readonly pid: number;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #finished: Promise<Finished>;
  readonly #listeners = new Set<() => void>();
  #ended: Finished | undefined;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.title = [command.split('/').at(-1), ...args].join(' ');
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, detached: true, stdio: 'pipe' });
    this.#child = child;
    this.pid = child.pid ?? -1;
    if (child.pid !== undefined) groupStarted(child.pid);
    child.stdout.on('data', (chunk: Buffer) => {
      if (options.onStdout === undefined) this.stdout += chunk.toString();
      else options.onStdout(chunk);
      this.#wake();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#wake();
    });
    // A program that ends before it has read all of its input closes the pipe; how it ended says what that means.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.stderr += `(standard input: ${error.message})\n`;
    });
    if (options.input !== undefined) void this.#feed(options.input);
    else if (options.openInput !== true) child.stdin.end();

    this.#finished = new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new Error(`Cannot run "${this.title}": ${error.message}`, { cause: error })));
      child.on('close', (code, signal) => {
        groupEnded(this.pid);
        this.#ended = { code, signal, stdout: this.stdout, stderr: this.stderr };
        resolve(this.#ended);
        this.#wake();
      });
    });
    // Whoever waits sees the failure; a program that nobody waits for must not end the tests by an unhandled rejection.
    this.#finished.catch((error: Error) => {
      this.stderr += error.message;
    });
  }

  get ended(): Finished | undefined {
    return this.#ended;
  }

  /** Writes to the program's standard input, which has to be open (`openInput`). */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Waits until the output so far (standard output, then standard error) matches. */
  async waitFor(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpMatchArray> {
    return this.waitUntil(() => (this.stdout + this.stderr).match(pattern) ?? undefined, `output like ${pattern}`, timeoutMs);
  }

  /** Waits until `probe`, asked again at each output, answers with something. */
  async waitUntil<T>(probe: () => T | undefined, what: string, timeoutMs = 30_000): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const answer = probe();
      if (answer !== undefined) return answer;
      if (this.#ended !== undefined) throw new Error(`"${this.title}" ended before there was ${what}:\n${this.transcript()}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`"${this.title}" showed no ${what} within ${timeoutMs} ms:\n${this.transcript()}`);
      await this.#activity(leftMs);
    }
  }

  /** Waits for the end; past `timeoutMs` the program is killed and the wait fails with what it had said. */
  async finish(timeoutMs = 60_000): Promise<Finished> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.signal('SIGKILL');
        reject(new Error(`"${this.title}" did not end within ${timeoutMs} ms:\n${this.transcript()}`));
      }, timeoutMs);
    });
    try {
      return await Promise.race([this.#finished, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ended === undefined) signalGroup(this.pid, signal);
  }

  /** Signals the program's group and waits for its end; one that does not heed the signal is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 20_000): Promise<Finished> {
    this.signal(signal);
    return this.finish(timeoutMs);
  }

  /** Pids of all processes of the program's group: the launcher, if it stayed, and what it launched. */
  group(): number[] {
    const pids: number[] = [];
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = readProcessFile(Number(entry), 'stat');
      // Fields after the command's closing parenthesis: state, parent, group …
      if (stat !== undefined && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === this.pid) pids.push(Number(entry));
    }
    return pids;
  }

  /** The end of what the program said, for messages. */
  transcript(charactersMax = 6_000): string {
    const part = (name: string, text: string) => (text === '' ? '' : `--- ${name}\n${text.slice(-charactersMax)}\n`);
    const end = this.#ended === undefined ? '' : `--- ended with code ${this.#ended.code}, signal ${this.#ended.signal}\n`;
    return part('stdout', this.stdout) + part('stderr', this.stderr) + end;
  }

  async #feed(input: string | Buffer | AsyncIterable<Buffer>): Promise<void> {
    const stdin = this.#child.stdin;
    if (stdin === null) return;
    if (typeof input === 'string' || Buffer.isBuffer(input)) {
      stdin.end(input);
      return;
    }
    for await (const chunk of input) {
      if (stdin.destroyed) return;
      if (!stdin.write(chunk)) {
        await new Promise<void>((resolve) => {
          stdin.once('drain', resolve);
          stdin.once('close', resolve);
        });
      }
    }
    stdin.end();
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  async #activity(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }
}

/** A file of /proc, or undefined where the process has gone meanwhile. */
export function readProcessFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Runs a program to its end, whatever its exit code. */
export async function run(command: string, args: readonly string[], options: ProgramOptions & { timeoutMs?: number } = {}): Promise<Finished> {
  return new Program(command, args, options).finish(options.timeoutMs);
}

/** Runs a program that has to succeed; a failure shows all that it said. */
export async function runOk(command: string, args: readonly string[], options: ProgramOptions & { timeoutMs?: number } = {}): Promise<Finished> {
  const program = new Program(command, args, options);
  const finished = await program.finish(options.timeoutMs);
  if (finished.code !== 0) throw new Error(`"${program.title}" failed:\n${program.transcript()}`);
  return finished;
}
