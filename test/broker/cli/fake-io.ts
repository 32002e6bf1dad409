/** A tool's surroundings for tests: input from strings, output kept. */
import { Readable } from 'node:stream';
import { ToolExit, type Command, type ToolIo } from '../../../broker/cli/io.ts';

export interface Outcome {
  status: number;
  out: string;
  err: string;
}

export async function runCommand(
  command: Command,
  args: readonly string[],
  input = '',
  interactive = false,
): Promise<Outcome> {
  const out: Buffer[] = [];
  let err = '';
  const io: ToolIo = {
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    out: (text) => void out.push(Buffer.from(text)),
    err: (text) => void (err += text),
    drained: () => Promise.resolve(),
    interactive,
    random: () => 0.5,
    now: () => new Date(2026, 10, 22, 11, 7, 1, 123),
  };
  const status = await command(args, io).catch((error: unknown) => {
    if (error instanceof ToolExit) return error.status;
    throw error;
  });
  return { status, out: Buffer.concat(out).toString(), err };
}
