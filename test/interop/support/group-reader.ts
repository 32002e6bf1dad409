/**
 * Keeps a group read by kafkajs through the deaths of all brokers. kafkajs 2.2.4 sometimes makes new fetchers after it has stopped
 * its consumer (`fetchManager.start` goes on with its loop): these ask for nothing, at once, for ever, and no timer and no socket of that
 * process gets a turn again. So the reader has a process of its own; one that is silent for long is killed, as an operator would, and another
 * one takes its place in the group.
 */
import { join } from 'node:path';
import { Program } from './process.ts';

const LOOK_EVERY_MS = 1_000;
/** Forty times as long as it takes to say the next word. */
const SILENCE_MAX_MS = 20_000;
const LEAVE_TIMEOUT_MS = 30_000;

export class GroupReader {
  private readonly args: readonly string[];
  private readonly timer: NodeJS.Timeout;
  private heardAtMs = 0;
  private program: Program;

  constructor(bootstrap: string, topic: string, groupId: string) {
    this.args = [join(import.meta.dirname, 'kafkajs-reader.ts'), bootstrap, topic, groupId];
    this.program = this.launch();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  private launch(): Program {
    this.heardAtMs = performance.now();
    const onStdout = (): void => {
      this.heardAtMs = performance.now();
    };
    return new Program(process.execPath, this.args, { openInput: true, onStdout });
  }

  private look(): void {
    const { program } = this;
    if (program.ended === undefined) {
      if (performance.now() - this.heardAtMs > SILENCE_MAX_MS) program.signal('SIGKILL');
      return;
    }
    process.stderr.write(`the group's reader ended (${program.transcript(500)}): another one takes its place\n`);
    this.program = this.launch();
  }

  /** What it said last: its turns, and what kafkajs reports. */
  transcript(): string {
    return this.program.transcript();
  }

  /** Leaves the group, or is made to. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.program.endInput();
    await this.program.finish(LEAVE_TIMEOUT_MS).catch((error: unknown) => {
      process.stderr.write(`the group's reader did not leave by itself: ${String(error)}\n`);
    });
  }
}
