/** An ensemble for a test: real members in this process, on ports of their own, their data in temporary folders. */
import { join } from 'node:path';
import { writeFileSync, mkdirSync } from 'node:fs';
import type { Member } from '../../../coordinator/server/member.ts';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import type { Role } from '../../../coordinator/zab/peer-types.ts';
import { freePorts } from '../../support/free-ports.ts';
import { RawClient } from '../raw-client.ts';
import { tempDir } from '../temp-dir.ts';

export interface TestEnsembleOptions {
  size?: number;
  /** Ids of members that are observers. */
  observers?: readonly number[];
  properties?: Record<string, string>;
  /** Ids that are not started yet. */
  absent?: readonly number[];
}

const ensembles: TestEnsemble[] = [];

export class TestEnsemble {
  readonly lines: Record<string, string> = {};
  readonly dirs = new Map<number, string>();
  readonly members = new Map<number, Member>();
  private readonly properties: Record<string, string>;
  private readonly clients: RawClient[] = [];
  private waiting: (() => void)[] = [];

  private constructor(properties: Record<string, string>) {
    this.properties = properties;
  }

  static async start({ size = 3, observers = [], properties = {}, absent = [] }: TestEnsembleOptions = {}): Promise<TestEnsemble> {
    const ensemble = new TestEnsemble(properties);
    ensembles.push(ensemble);
    const ports = await freePorts(size * 3);
    for (let id = 1; id <= size; id++) {
      const [quorum, election, client] = ports.slice((id - 1) * 3);
      ensemble.lines[`server.${id}`] = `127.0.0.1:${quorum}:${election}:${observers.includes(id) ? 'observer' : 'participant'};127.0.0.1:${client}`;
      ensemble.dirs.set(id, tempDir());
    }
    await Promise.all([...ensemble.dirs.keys()].filter((id) => !absent.includes(id)).map((id) => ensemble.open(id)));
    return ensemble;
  }

  /** Starts member `id`, or starts it again. */
  async open(id: number, more: Record<string, string> = {}): Promise<Member> {
    const dataDir = this.dirs.get(id)!;
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'myid'), String(id));
    const { settings } = loadServerSettings(
      new Map(
        Object.entries({
          dataDir,
          tickTime: '200',
          initLimit: '25',
          syncLimit: '25',
          '4lw.commands.whitelist': '*',
          'admin.enableServer': 'false',
          ...this.lines,
          ...this.properties,
          ...more,
        }),
      ),
    );
    const member = await startMember(settings, { onRole: () => this.wake() });
    this.members.set(id, member);
    return member;
  }

  /** Stops member `id` abruptly for everyone else: its links and connections break. */
  async stop(id: number): Promise<void> {
    const member = this.members.get(id)!;
    this.members.delete(id);
    await member.close();
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) setImmediate(wake);
  }

  private async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        // Some things have no event of their own: serving begins a little after the role.
        setTimeout(resolve, 10);
      });
    }
  }

  /** The id of the one that leads and serves. */
  leader(): Promise<number> {
    return this.until(() => [...this.members].find(([, member]) => member.role?.state === 'LEADING' && member.view.isServing)?.[0]);
  }

  /** Resolves when all members that run serve clients. */
  async serving(ids: readonly number[] = [...this.members.keys()]): Promise<void> {
    await this.until(() => (ids.every((id) => this.members.get(id)?.view.isServing === true) ? true : undefined));
  }

  async role(id: number, wanted: (role: Role) => boolean): Promise<Role> {
    return this.until(() => {
      const role = this.members.get(id)?.role;
      return role !== undefined && wanted(role) ? role : undefined;
    });
  }

  /** The ids of synchronized learners. */
  async followers(): Promise<number[]> {
    const leader = await this.leader();
    return [...this.members.keys()].filter((id) => id !== leader);
  }

  client(id: number): RawClient {
    const client = new RawClient(this.members.get(id)!.port);
    this.clients.push(client);
    return client;
  }

  async session(id: number, more?: Parameters<RawClient['connect']>[0]): Promise<RawClient> {
    await this.serving([id]);
    const client = this.client(id);
    await client.connect({ timeoutMs: 4000, ...more });
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all([...this.members.keys()].map((id) => this.stop(id)));
  }
}

export async function closeEnsembles(): Promise<void> {
  for (const ensemble of ensembles.splice(0)) await ensemble.close();
}
