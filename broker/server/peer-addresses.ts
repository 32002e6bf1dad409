/**
 * Where other brokers are, for this one: as the metadata says, or while that has not come yet, as the LeaderAndIsr request said
 * that made them leaders.
 */
import type { LeaderAndIsrRequest } from '../protocol/messages/04-leader-and-isr.ts';
import type { MetadataCache } from './metadata-cache.ts';

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

export class PeerAddresses {
  private readonly cache: MetadataCache;
  private readonly listenerName: string;
  private readonly told = new Map<number, PeerAddress>();

  constructor(cache: MetadataCache, listenerName: string) {
    this.cache = cache;
    this.listenerName = listenerName;
  }

  note(liveLeaders: LeaderAndIsrRequest['liveLeaders']): void {
    for (const { brokerId, hostName, port } of liveLeaders) this.told.set(brokerId, { host: hostName, port });
  }

  /** Throws when nobody has said where the broker is. */
  find(brokerId: number): PeerAddress {
    const address = this.cache.endpoint(brokerId, this.listenerName) ?? this.told.get(brokerId);
    if (address === undefined) throw new Error(`Broker ${brokerId} has no known address at listener ${this.listenerName}`);
    return address;
  }
}
