/** A member for a test: a port of its own, its data in memory or in a temporary folder. */
import { MemoryDisk, MemoryTxnLog } from '../../../coordinator/store/memory-txn-log.ts';
import type { Member, MemberDeps } from '../../../coordinator/server/member.ts';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { RawClient } from '../raw-client.ts';
import { removeTempDirs, tempDir } from '../temp-dir.ts';

const members: Member[] = [];
const clients: RawClient[] = [];

export interface TestMember {
  member: Member;
  disk: MemoryDisk;
  /** The log, for tests that decide when something is durable. */
  log(): MemoryTxnLog;
  client(path?: string): RawClient;
  session(more?: Parameters<RawClient['connect']>[0]): Promise<RawClient>;
}

export async function testMember(
  properties: Record<string, string> = {},
  { autoSync = true, disk = new MemoryDisk(), ...deps }: MemberDeps & { autoSync?: boolean; disk?: MemoryDisk } = {},
): Promise<TestMember> {
  const { settings } = loadServerSettings(
    new Map(Object.entries({ dataDir: tempDir(), clientPort: '0', clientPortAddress: '127.0.0.1', '4lw.commands.whitelist': '*', 'admin.enableServer': 'false', ...properties })),
  );
  let log: MemoryTxnLog | null = null;
  const member = await startMember(settings, {
    openLog: async (events) => (log = new MemoryTxnLog(disk, events, autoSync)),
    ...deps,
  });
  members.push(member);
  const client = (path?: string): RawClient => {
    const opened = new RawClient(member.port, path);
    clients.push(opened);
    return opened;
  };
  return {
    member,
    disk,
    log: () => log!,
    client,
    session: async (more) => {
      const opened = client();
      await opened.connect(more);
      return opened;
    },
  };
}

export async function closeMembers(): Promise<void> {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(members.splice(0).map((member) => member.close()));
  removeTempDirs();
}
