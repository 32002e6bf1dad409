import { expect } from 'chai';
import { PassThrough } from 'node:stream';
import { Conversation } from '../../../coordinator/cli/conversation.ts';
import type { ShellSession } from '../../../coordinator/cli/shell-session.ts';

/** A shell that notes its lines; `quit` ends it. */
class FakeShell {
  readonly lines: string[] = [];
  running = 0;
  hasQuit = false;
  get prompt(): string {
    return `[${this.lines.length}] `;
  }
  async runLine(line: string): Promise<void> {
    expect(this.running++).to.equal(0);
    await new Promise((resolve) => setImmediate(resolve));
    this.lines.push(line);
    this.hasQuit = line === 'quit';
    this.running--;
  }
}

describe('Conversation', () => {
  let shell: FakeShell;
  let input: PassThrough;
  let output: PassThrough;
  let shown: string;

  function start(isTTY: boolean): Conversation {
    shell = new FakeShell();
    input = new PassThrough();
    output = new PassThrough();
    shown = '';
    output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    return new Conversation(
      shell as unknown as ShellSession,
      Object.assign(input, { isTTY, setRawMode: () => input }) as unknown as NodeJS.ReadStream,
      Object.assign(output, { isTTY, columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream,
    );
  }

  /** Waits until the terminal ends with `text`, its control sequences aside. */
  async function isShown(text: string): Promise<void> {
    while (!shown.replace(/\u001b\[\d*[A-Z]/g, '').endsWith(text)) await new Promise((resolve) => setImmediate(resolve));
  }

  it('runs the lines of a pipe one after the other, without a prompt, to the last one', async () => {
    const done = start(false).run();
    const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}`);
    input.end(lines.join('\n'));
    await done;
    expect(shell.lines).to.deep.equal(lines);
    expect(shown).to.equal('');
  });

  it('stops at quit', async () => {
    const done = start(false).run();
    input.write('a\nquit\nb\n');
    await done;
    expect(shell.lines).to.deep.equal(['a', 'quit']);
  });

  it('asks with a prompt in a terminal, and prints news above the line being typed', async () => {
    const conversation = start(true);
    const done = conversation.run();
    input.write('a\r');
    await isShown('[0] a\r\n[1] ');
    input.write('half');
    await isShown('[1] half');
    conversation.print('news\n', (text) => output.write(text));
    await isShown('[1] half\rnews\n[1] half');
    input.write('\rquit\r');
    await done;
    expect(shell.lines).to.deep.equal(['a', 'half', 'quit']);
  });
});
