/**
 * A member's disk as the Zab core uses it: what it held at the start (`PeerStart`), and the core's work on it (`DiskWork`) besides appends:
 * epochs, configurations, a log made shorter, a snapshot that takes the place of everything.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import { formatZxid } from '../../shared/znode/zxid.ts';
import { IncomingSnapshot } from '../store/incoming-snapshot.ts';
import { EPOCHS } from '../store/log-facts.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import { isConfig } from '../zab/messages.ts';
import type { DiskWork, PeerStart } from '../zab/peer-types.ts';
import type { Store } from './member-parts.ts';
import type { Snapshotter } from './snapshotter.ts';

const CONFIG = 'ensemble-config';
const PENDING_CONFIG = 'ensemble-config-pending';

export interface MemberDiskOptions extends Store {
  snapshotter: Snapshotter;
  log: Logger;
  /** The end of what the tree has. */
  treeZxid(): number;
  /** Builds the tree anew from snapshot and log. */
  reload(): Promise<void>;
}

export class MemberDisk {
  private readonly options: MemberDiskOptions;
  /** A snapshot that is on its way here. */
  private incoming: IncomingSnapshot | null = null;

  constructor(options: MemberDiskOptions) {
    this.options = options;
  }

  /** Carries out `work`; durable when it resolves. */
  async perform(work: Exclude<DiskWork, { kind: 'append' }>): Promise<void> {
    const { files, txnLog, snapshotter, log, reload } = this.options;
    switch (work.kind) {
      case 'epochs':
        return txnLog.setMetas([
          [EPOCHS.accepted, String(work.acceptedEpoch)],
          [EPOCHS.current, String(work.currentEpoch)],
        ]);
      case 'config':
        return txnLog.setMetas([
          [CONFIG, JSON.stringify(work.config)],
          [PENDING_CONFIG, work.pendingConfig === null ? '' : JSON.stringify(work.pendingConfig)],
        ]);
      case 'truncate':
        log.info(`Truncating the log to ${formatZxid(work.zxid)}: what came after it nobody committed`);
        await snapshotter.close();
        files.removeAfter(work.zxid);
        await txnLog.truncate(work.zxid);
        if (work.rebuild || this.options.treeZxid() > work.zxid) await reload();
        return;
      case 'snapshotBegin':
        await this.incoming?.abort();
        this.incoming = await IncomingSnapshot.begin(files, txnLog, work.zxid);
        return;
      case 'snapshotChunk':
        return this.incoming?.write(work.bytes);
      case 'snapshotEnd':
        await snapshotter.close();
        await this.incoming?.install();
        this.incoming = null;
        log.info(`Installed a snapshot of ${formatZxid(work.zxid)} from the leader`);
        return reload();
      case 'snapshotAbort':
        return this.close();
    }
  }

  /** Forgets a snapshot that is not whole. */
  async close(): Promise<void> {
    const { incoming } = this;
    this.incoming = null;
    await incoming?.abort();
  }
}

/** What the disk held; `fromFile`: the configuration of the properties, which counts unless a later one was agreed on. */
export function peerStartOf({ files, txnLog }: Store, treeZxid: number, fromFile: EnsembleConfig): PeerStart {
  const { meta, floorZxid } = txnLog;
  const kept = storedConfig(meta.get(CONFIG));
  const pending = storedConfig(meta.get(PENDING_CONFIG));
  const config = kept !== null && kept.version > fromFile.version ? kept : fromFile;
  return {
    acceptedEpoch: Number(meta.get(EPOCHS.accepted) ?? 0),
    currentEpoch: Number(meta.get(EPOCHS.current) ?? 0),
    lastZxid: treeZxid,
    truncateFloorZxid: floorZxid === 0 ? 0 : (files.list().filter((zxid) => zxid >= floorZxid).at(-1) ?? floorZxid),
    config,
    pendingConfig: pending !== null && pending.version > config.version ? pending : null,
  };
}

function storedConfig(text: string | undefined): EnsembleConfig | null {
  if (text === undefined || text === '') return null;
  const value: unknown = JSON.parse(text);
  return isConfig(value) ? value : null;
}
