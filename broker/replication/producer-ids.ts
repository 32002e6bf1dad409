/**
 * Producer ids for idempotent producers. They come from the controller in blocks of 1000 (`/latest_producer_id_block`),
 * so that an id costs no round trip; the next block is fetched when nine tenths of one are gone.
 */
import { createLogger } from '../../shared/telemetry/logger.ts';

const logger = createLogger('kafka.coordinator.transaction.RPCProducerIdManager');

export interface ProducerIdBlock {
  readonly start: number;
  readonly length: number;
}

const PREFETCH_SHARE = 0.9;

export class ProducerIds {
  private readonly allocateBlock: () => Promise<ProducerIdBlock>;
  private next = 0;
  private end = 0;
  private prefetchFrom = 0;
  private following: ProducerIdBlock | null = null;
  private fetching: Promise<void> | null = null;

  /** `allocateBlock` asks the controller for a block that nobody else has. */
  constructor(allocateBlock: () => Promise<ProducerIdBlock>) {
    this.allocateBlock = allocateBlock;
  }

  /** An id that nobody else has. Rejects with the reason when no block is to be had. */
  async allocate(): Promise<number> {
    while (this.next >= this.end) {
      if (this.following === null) await this.fetchBlock();
      else this.open(this.following);
    }
    const id = this.next++;
    if (this.next >= this.prefetchFrom && this.following === null && this.fetching === null) {
      // Nobody waits for this one; whoever needs the block when it could not be had hears why.
      this.fetchBlock().catch((error: unknown) => logger.warn('Could not fetch the next producer id block', { error }));
    }
    return id;
  }

  private open(block: ProducerIdBlock): void {
    this.following = null;
    this.next = block.start;
    this.end = block.start + block.length;
    this.prefetchFrom = block.start + Math.floor(block.length * PREFETCH_SHARE);
  }

  private fetchBlock(): Promise<void> {
    this.fetching ??= this.allocateBlock()
      .then((block) => {
        if (block.start < this.end || block.length <= 0) {
          throw new RangeError(`Producer id block ${block.start}+${block.length} does not follow ${this.end}`);
        }
        this.following = block;
      })
      .finally(() => {
        this.fetching = null;
      });
    return this.fetching;
  }
}
