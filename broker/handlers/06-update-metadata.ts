/** UpdateMetadata (0–8): the controller tells what to answer to Metadata. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { UpdateMetadataRequest, UpdateMetadataResponse } from '../protocol/messages/06-update-metadata.ts';
import { updateMetadata } from '../protocol/messages/06-update-metadata.ts';
import type { ControllerOrders } from '../server/controller-orders.ts';
import type { Handler } from '../server/handler.ts';

export class UpdateMetadataHandler implements Handler<UpdateMetadataRequest, UpdateMetadataResponse> {
  readonly api = updateMetadata;
  private readonly orders: ControllerOrders;

  constructor(orders: ControllerOrders) {
    this.orders = orders;
  }

  async handle(request: UpdateMetadataRequest): Promise<UpdateMetadataResponse> {
    if (this.orders.isStale(request.brokerEpoch)) return { errorCode: ErrorCode.STALE_BROKER_EPOCH };
    return await this.orders.updateMetadata(request);
  }
}
