/**
 * Elects one of many sessions as leader (ZooKeeper's recipe "Leader Election"): the one that has stood longest. When it goes, the
 * next one is told, and only that one.
 *
 *     const election = new LeaderElection(client, '/election', { data: 'host-3' });
 *     const leadership = await election.campaign();
 *     await leadership.use((lost) => lead(lost));
 *
 * `campaign` resolves when this session leads. A leader has to stop when `lost` fires: another one may lead soon after.
 */
import { ErrorCode } from '../../znode/error-code.ts';
import type { Data } from '../../znode/operations.ts';
import type { CoordinatorClient } from '../client.ts';
import type { DataLike } from '../ops.ts';
import type { Held } from './held.ts';
import { standInLine } from './line.ts';
import { childOf, hasCode, namesIn, retried } from './sequence.ts';
import type { WaitOptions } from './waiting.ts';

export interface Candidate {
  path: string;
  /** What it said of itself. */
  data: Data;
}

export class LeaderElection {
  private readonly client: CoordinatorClient;
  private readonly path: string;
  private readonly data: DataLike;

  constructor(client: CoordinatorClient, path: string, options: { data?: DataLike } = {}) {
    this.client = client;
    this.path = path;
    this.data = options.data ?? null;
  }

  /** Stands for election until elected. */
  campaign({ signal }: WaitOptions = {}): Promise<Held> {
    return standInLine(this.client, this.path, { kind: 'candidate', data: this.data, signal });
  }

  /** Who leads now, or null. */
  async leader(): Promise<Candidate | null> {
    return (await this.candidates())[0] ?? null;
  }

  /** The leader, then those who would follow it. */
  async candidates(): Promise<Candidate[]> {
    const paths = (await namesIn(this.client, this.path)).map((name) => childOf(this.path, name));
    const found = await Promise.all(paths.map((path) => this.candidate(path)));
    return found.filter((candidate) => candidate !== null);
  }

  private async candidate(path: string): Promise<Candidate | null> {
    try {
      return { path, data: (await retried(() => this.client.getData(path))).data };
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE)) return null; // it has gone meanwhile
      throw error;
    }
  }
}
