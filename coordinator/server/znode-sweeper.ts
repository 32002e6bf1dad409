/**
 * Removes what has outlived its use: containers that lost their last child, TTL znodes without children that nobody changed
 * for their time (`ContainerManager`). A removal is a transaction, and is refused if a child came meanwhile.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { DataTree } from '../tree/data-tree.ts';

export interface SweeperOptions {
  tree: DataTree;
  clock: Clock;
  remove(path: string): void;
  intervalMs: number;
  maxPerMinute: number;
  maxNeverUsedIntervalMs: number;
}

export class ZnodeSweeper {
  private readonly options: SweeperOptions;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: SweeperOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = setInterval(() => this.sweep(), this.options.intervalMs);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** One round. What is too much for this one stays for the next. */
  sweep(): void {
    const { maxPerMinute, intervalMs } = this.options;
    let left = Math.max(1, Math.floor((maxPerMinute * intervalMs) / 60_000));
    for (const path of this.candidates()) {
      if (left-- === 0) return;
      this.options.remove(path);
    }
  }

  *candidates(): IterableIterator<string> {
    const { tree, clock, maxNeverUsedIntervalMs } = this.options;
    const nowMs = clock.wallMs();
    for (const path of tree.containers) {
      const node = tree.get(path);
      if (node === undefined || node.children !== null) continue;
      const outlived = maxNeverUsedIntervalMs > 0 && nowMs - node.ctime > maxNeverUsedIntervalMs;
      if (node.creations > 0 || outlived) yield path;
    }
    for (const path of tree.ttls) {
      const node = tree.get(path);
      if (node === undefined || node.children !== null || node.kind.type !== 'ttl') continue;
      if (nowMs - node.mtime > node.kind.ttlMs) yield path;
    }
  }
}
