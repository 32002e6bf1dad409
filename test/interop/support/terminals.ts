/**
 * What a person does with several terminal windows, as data: commands typed one after the other, some of which stay in
 * their windows (servers), some of which are answered as they ask, some of which end by Ctrl-C when enough has been seen.
 *
 * Run as a program it reads a `Session` from the file named and prints the list of `Outcome`s as JSON: `playInSandbox` does
 * this in a machine of its own.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './process.ts';
import { sandboxed, sandboxFiles } from './sandbox.ts';
import { brokerAnswers, coordinatorAnswers, waitForAnswer } from './servers.ts';

export interface Step {
  /** What is typed: one or more lines for bash. */
  readonly commands: string;
  /** Keeps the window open until the session ends, or until a later step has stopped what runs in it. */
  readonly background?: boolean;
  /** For a server: the step is over when it answers. */
  readonly serves?: 'coordinator' | 'broker' | 'both';
  /** The step is over when the output matches this expression; without `background`, Ctrl-C ends it then. */
  readonly until?: string;
  /** Gives the command a terminal, and types each text when the one before it has been seen. `\x03` is Ctrl-C. */
  readonly dialog?: readonly { readonly see: string; readonly type: string }[];
  /** Standard input, for a command that reads it. */
  readonly input?: string;
  /** Waits until all windows are closed: for the step that stops the servers. */
  readonly endsAll?: boolean;
}

export interface Session {
  readonly directory: string;
  readonly steps: readonly Step[];
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; null where a signal ended it or where it went on in the background. */
  readonly code: number | null;
}

const stepTimeoutMs = 90_000;

/** Plays the steps in order on this machine; what still runs at the end is stopped, last first. */
export async function play(session: Session): Promise<Outcome[]> {
  const windows: Program[] = [];
  const outcomes: Outcome[] = [];
  try {
    for (const step of session.steps) {
      const program = open(step, session.directory);
      if (step.background === true) windows.push(program);
      outcomes.push(await playStep(step, program));
      if (step.endsAll === true) for (const window of windows) await window.finish(stepTimeoutMs);
    }
  } finally {
    for (const window of windows.reverse()) if (window.ended === undefined) await window.stop('SIGINT');
  }
  return outcomes;
}

function open(step: Step, cwd: string): Program {
  if (step.dialog === undefined) return new Program('bash', ['-c', step.commands], { cwd, ...(step.input === undefined ? {} : { input: step.input }) });
  return new Program('script', ['--quiet', '--return', '--flush', '--command', step.commands, '/dev/null'], { cwd, openInput: true });
}

async function playStep(step: Step, program: Program): Promise<Outcome> {
  if (step.serves === 'coordinator' || step.serves === 'both') await waitForAnswer(program, () => coordinatorAnswers(2181));
  if (step.serves === 'broker' || step.serves === 'both') await waitForAnswer(program, () => brokerAnswers(9092));
  if (step.until !== undefined) await program.waitFor(new RegExp(step.until, 'm'), stepTimeoutMs);
  let seen = 0;
  for (const { see, type } of step.dialog ?? []) {
    seen = await program.waitUntil(() => {
      const position = program.stdout.indexOf(see, seen);
      return position < 0 ? undefined : position + see.length;
    }, `further "${see}"`, stepTimeoutMs);
    program.type(type);
  }
  if (step.background === true) return { stdout: program.stdout, stderr: program.stderr, code: null };
  const { stdout, stderr, code } = step.until === undefined ? await program.finish(stepTimeoutMs) : await program.stop('SIGINT');
  return { stdout, stderr, code };
}

/** Plays the steps in a sandbox that holds `keep` and the session's directory besides this checkout. */
export async function playInSandbox(session: Session, keep: readonly string[] = []): Promise<Outcome[]> {
  mkdirSync(sandboxFiles, { recursive: true });
  const file = join(sandboxFiles, `session-${process.pid}-${Date.now()}.json`);
  writeFileSync(file, JSON.stringify(session));
  try {
    const program = await sandboxed([session.directory, ...keep], [process.execPath, import.meta.filename, file]);
    const { code, stdout } = await program.finish(stepTimeoutMs * session.steps.length);
    if (code !== 0) throw new Error(`The session in "${session.directory}" broke off:\n${program.transcript()}`);
    return JSON.parse(stdout) as Outcome[];
  } finally {
    rmSync(file);
  }
}

if (import.meta.main) {
  const file = process.argv[2];
  if (file === undefined) throw new Error('USAGE: terminals.ts SESSION.json');
  process.stdout.write(JSON.stringify(await play(JSON.parse(readFileSync(file, 'utf8')) as Session)));
}
