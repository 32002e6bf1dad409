/**
 * UpdateFeatures: raises or lowers finalized features (KIP-584). v1 upgrade types and dry run.
 */
import { api, array, bool, defaulted, i16, i32, i8, nullable, since, str, until, type Infer } from '../schema.ts';

export const updateFeatures = api({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 1],
  flexible: 0,
  request: {
    timeoutMs: defaulted(i32, 60000),
    featureUpdates: array({
      feature: str,
      maxVersionLevel: i16,
      allowDowngrade: until(0, bool, false),
      upgradeType: since(1, i8, 1),
    }),
    validateOnly: since(1, bool, false),
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: nullable(str),
    results: array({ feature: str, errorCode: i16, errorMessage: nullable(str) }),
  },
});
export type UpdateFeaturesRequest = Infer<typeof updateFeatures.request>;
export type UpdateFeaturesResponse = Infer<typeof updateFeatures.response>;
