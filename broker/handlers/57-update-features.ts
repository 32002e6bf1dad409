/** UpdateFeatures (0–1, KIP-584), at the controller: nothing can be finalized here, see `controller/features.ts`. v1 upgrade types. */
import type { Controller } from '../controller/controller.ts';
import { UpgradeType } from '../controller/features.ts';
import { ErrorCode, errorMessage } from '../protocol/error-codes.ts';
import type { UpdateFeaturesRequest, UpdateFeaturesResponse } from '../protocol/messages/57-update-features.ts';
import { updateFeatures } from '../protocol/messages/57-update-features.ts';
import type { Handler } from '../server/handler.ts';

export function updateFeaturesHandler(
  controller: Pick<Controller, 'updateFeatures'>,
): Handler<UpdateFeaturesRequest, UpdateFeaturesResponse> {
  return {
    api: updateFeatures,
    async handle(request) {
      const updates = request.featureUpdates.map(({ allowDowngrade, ...update }) =>
        allowDowngrade ? { ...update, upgradeType: UpgradeType.SAFE_DOWNGRADE } : update,
      );
      const refusals = await controller.updateFeatures(updates, request);
      if (refusals === null) {
        const errorCode = ErrorCode.NOT_CONTROLLER;
        return { throttleTimeMs: 0, errorCode, errorMessage: errorMessage(errorCode), results: [] };
      }
      const results = [...refusals].map(([feature, why]) => ({
        feature,
        errorCode: why === null ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST,
        errorMessage: why,
      }));
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, results };
    },
  };
}
