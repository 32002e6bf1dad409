/** The load as the benchmark uses it. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { groupEnded, groupStarted } from '../../test/interop/support/leftovers.ts';
import type { Order, Report } from './load.ts';
import type { Sample } from './sample.ts';

export class LoadProcess {
  private readonly child: ChildProcess;

  constructor() {
    // Long collections in the load would count as the server's latency.
    const execArgv = ['--max-semi-space-size=64', '--disable-warning=ExperimentalWarning'];
    this.child = fork(join(import.meta.dirname, 'load.ts'), { execArgv, detached: true });
    const { pid } = this.child;
    if (pid === undefined) return; // it could not be started: `error` is emitted
    groupStarted(pid);
    this.child.once('exit', () => groupEnded(pid));
  }

  /** Carries out `order`; `measured` is called with the result the moment it is there. */
  async carryOut(order: Order, measured: (sample: Sample) => void = () => undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onExit = (code: number | null): void => end(new Error(`The load ended with code ${code} while it carried out ${JSON.stringify(order)}`));
      const onMessage = (report: Report): void => {
        if (report.kind === 'measured') measured(report.sample);
        else end(report.kind === 'done' ? undefined : new Error(`${JSON.stringify(order)}: ${report.message}`));
      };
      this.child.on('message', onMessage);
      this.child.on('exit', onExit);
      this.child.send(order);
    });
  }

  close(): void {
    this.child.disconnect();
  }
}
