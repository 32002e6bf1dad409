/** StopReplica (0–4): the controller has replicas of this broker stopped, and maybe deleted. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import { stopReplica } from '../protocol/messages/05-stop-replica.ts';
import type { ControllerOrders } from '../server/controller-orders.ts';
import type { Handler } from '../server/handler.ts';

export class StopReplicaHandler implements Handler<StopReplicaRequest, StopReplicaResponse> {
  readonly api = stopReplica;
  private readonly orders: ControllerOrders;

  constructor(orders: ControllerOrders) {
    this.orders = orders;
  }

  async handle(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    if (this.orders.isStale(request.brokerEpoch)) return { errorCode: ErrorCode.STALE_BROKER_EPOCH, partitionErrors: [] };
    return await this.orders.stopReplica(request);
  }
}
