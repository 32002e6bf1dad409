/** Blocks of producer ids, handed out through `/latest_producer_id_block`: a conditional write makes each one's owner unique. */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import { producerIdBlockZnode } from './znodes.ts';

const BLOCK_SIZE = 1000;
/** Others may be faster a few times, not for ever. */
const TRIES_MAX = 50;

export async function allocateProducerIdBlock(
  client: CoordinatorClient,
  brokerId: number,
): Promise<{ start: number; length: number }> {
  for (let tries = 1; ; tries++) {
    const { data, stat } = await client.getData(producerIdBlockZnode.path);
    const last = producerIdBlockZnode.decode(data);
    const start = last === null ? 0 : last.lastProducerId + 1;
    try {
      const block = { brokerId, firstProducerId: start, lastProducerId: start + BLOCK_SIZE - 1 };
      await client.setData(producerIdBlockZnode.path, producerIdBlockZnode.encode(block), stat.version);
      return { start, length: BLOCK_SIZE };
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.BADVERSION || tries === TRIES_MAX) throw error;
    }
  }
}
