/** LeaderAndIsr (0–7): the controller says which partitions this broker leads or follows. A request to an earlier life of it is refused. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import { leaderAndIsr } from '../protocol/messages/04-leader-and-isr.ts';
import type { Handler } from '../server/handler.ts';
import type { ControllerOrders } from '../server/controller-orders.ts';

export class LeaderAndIsrHandler implements Handler<LeaderAndIsrRequest, LeaderAndIsrResponse> {
  readonly api = leaderAndIsr;
  private readonly orders: ControllerOrders;

  constructor(orders: ControllerOrders) {
    this.orders = orders;
  }

  async handle(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse> {
    if (this.orders.isStale(request.brokerEpoch))
      return { errorCode: ErrorCode.STALE_BROKER_EPOCH, partitionErrors: [], topics: [] };
    return await this.orders.leaderAndIsr(request);
  }
}
