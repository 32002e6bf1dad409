/**
 * Finalized features (KIP-584): what UpdateFeatures may do to `/feature`. This broker supports no versioned feature, as Kafka 3.4 with a
 * coordinator doesn't, so nothing can be finalized; what somebody else finalized can be deleted.
 */

export const UpgradeType = { UNKNOWN: 0, UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;

export interface FeatureUpdate {
  feature: string;
  maxVersionLevel: number;
  upgradeType: number;
}

/** What each feature's update comes to (null: done), and the features after it. */
export interface FeatureUpdates {
  target: Map<string, number>;
  refusals: Map<string, string | null>;
}

export function updateFeatures(existing: ReadonlyMap<string, number>, updates: readonly FeatureUpdate[]): FeatureUpdates {
  const target = new Map(existing);
  const refusals = new Map<string, string | null>();
  for (const update of updates) {
    const why = faultOf(existing.get(update.feature), update);
    refusals.set(update.feature, why);
    if (why === null) target.delete(update.feature);
  }
  return { target, refusals };
}

/** Null only for a deletion. */
function faultOf(existing: number | undefined, { feature, maxVersionLevel: level, upgradeType }: FeatureUpdate): string | null {
  if (feature === '') return 'Feature name can not be empty.';
  if (upgradeType < UpgradeType.UPGRADE || upgradeType > UpgradeType.UNSAFE_DOWNGRADE) return 'Received unknown upgrade type.';
  if (level < 1 && upgradeType !== UpgradeType.UPGRADE) {
    return existing === undefined ? 'Can not delete non-existing finalized feature.' : null;
  }
  if (level < 1) {
    return `Can not provide versionLevel: ${level} less than 1 without setting the SAFE downgradeType in the request.`;
  }
  if (existing !== undefined) {
    const isDowngrade = upgradeType === UpgradeType.SAFE_DOWNGRADE;
    if (level === existing) {
      const act = isDowngrade ? 'downgrade' : 'upgrade';
      return `Can not ${act} a finalized feature from existing versionLevel:${existing} to the same value.`;
    }
    if (level < existing && !isDowngrade) {
      return (
        `Can not downgrade finalized feature from existing versionLevel:${existing} to provided versionLevel:${level} ` +
        'without setting the downgradeType to SAFE in the request.'
      );
    }
    if (level > existing && upgradeType !== UpgradeType.UPGRADE) {
      return (
        `When the downgradeType is set to SAFE in the request, the provided versionLevel:${level} can not be greater than ` +
        `existing versionLevel:${existing}.`
      );
    }
  }
  return 'Could not apply finalized feature update because the provided feature is not supported.';
}
