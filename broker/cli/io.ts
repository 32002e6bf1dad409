/**
 * What a tool reads from and writes to, and how it ends: commands get these instead of the process, so that tests can run
 * them.
 */
import { formatUsage, type OptionSpec } from './options.ts';

export interface ToolIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly out: (text: string | Buffer) => void;
  readonly err: (text: string) => void;
  /** Resolves when what was written to `out` has gone far enough that more may be written. */
  readonly drained: () => Promise<void>;
  /** Whether a person is at the keyboard: prompts are for them only. */
  readonly interactive: boolean;
  readonly random: () => number;
  readonly now: () => Date;
}

export const VERSION_TEXT = '3.4.0 (Commit:2e1947d240607d53)';

/** Ends the command with a status; everything to say was said. */
export class ToolExit extends Error {
  override readonly name = 'ToolExit';
  readonly status: number;
  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** Says what is wrong, then the usage, on stderr; status 1. */
export function usageExit(io: ToolIo, specs: readonly OptionSpec[], message: string): never {
  io.err(`${message}\n${formatUsage(specs)}`);
  throw new ToolExit(1);
}

/** As a Java program ends whose main method throws. */
export function uncaughtExit(io: ToolIo, exception: string, message: string, cause?: string): never {
  io.err(`Exception in thread "main" ${exception}: ${message}\n${cause === undefined ? '' : `Caused by: ${cause}\n`}`);
  throw new ToolExit(1);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A line in the pattern of Kafka's tools-log4j.properties: `[date] LEVEL text (logger)`. */
export function logLine(io: ToolIo, level: string, text: string, logger: string): void {
  const at = io.now();
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())},${String(at.getMilliseconds()).padStart(3, '0')}`;
  io.err(`[${date} ${time}] ${level} ${text} (${logger})\n`);
}

export type Command = (args: readonly string[], io: ToolIo) => Promise<number>;

/** Runs a command as the process. Returns when it is over; the process then ends by itself, once its output has left. */
export async function runTool(command: Command): Promise<void> {
  // A reader that went away (`| head`) ends the tool, as it does a Java one that checks its output.
  process.stdout.on('error', () => process.exit(1));
  process.stderr.on('error', () => process.exit(1));
  const io: ToolIo = {
    stdin: process.stdin,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    drained: () => {
      if (!process.stdout.writableNeedDrain) return Promise.resolve();
      return new Promise((resolve) => process.stdout.once('drain', resolve));
    },
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    random: Math.random,
    now: () => new Date(),
  };
  try {
    process.exitCode = await command(process.argv.slice(2), io);
  } catch (error) {
    if (!(error instanceof ToolExit)) throw error;
    process.exitCode = error.status;
  }
  process.stdin.pause();
  process.stdin.unref?.();
}
