import { expect } from 'chai';
import { updateFeatures, UpgradeType } from '../../../broker/controller/features.ts';

const { UPGRADE, SAFE_DOWNGRADE, UNKNOWN } = UpgradeType;

describe('updateFeatures()', () => {
  const existing = new Map([['f', 3]]);
  const refusals: [string, string, number, number, string][] = [
    ['a feature nobody supports', 'x', 1, UPGRADE, 'Could not apply finalized feature update because the provided feature is not supported.'],
    ['no name', '', 1, UPGRADE, 'Feature name can not be empty.'],
    ['no upgrade type', 'x', 1, UNKNOWN, 'Received unknown upgrade type.'],
    ['level 0 as an upgrade', 'x', 0, UPGRADE, 'Can not provide versionLevel: 0 less than 1 without setting the SAFE downgradeType in the request.'],
    ['a deletion of nothing', 'x', 0, SAFE_DOWNGRADE, 'Can not delete non-existing finalized feature.'],
    ['the same level', 'f', 3, UPGRADE, 'Can not upgrade a finalized feature from existing versionLevel:3 to the same value.'],
    [
      'a lower level as an upgrade',
      'f',
      2,
      UPGRADE,
      'Can not downgrade finalized feature from existing versionLevel:3 to provided versionLevel:2 without setting the downgradeType to SAFE in the request.',
    ],
    [
      'a higher level as a downgrade',
      'f',
      4,
      SAFE_DOWNGRADE,
      'When the downgradeType is set to SAFE in the request, the provided versionLevel:4 can not be greater than existing versionLevel:3.',
    ],
  ];
  for (const [what, feature, maxVersionLevel, upgradeType, why] of refusals) {
    it(`refuses ${what}`, () => {
      const { target, refusals: got } = updateFeatures(existing, [{ feature, maxVersionLevel, upgradeType }]);
      expect([...got]).to.deep.equal([[feature, why]]);
      expect([...target]).to.deep.equal([...existing]);
    });
  }

  it('deletes what is finalized', () => {
    const { target, refusals: got } = updateFeatures(existing, [{ feature: 'f', maxVersionLevel: 0, upgradeType: SAFE_DOWNGRADE }]);
    expect([...target, ...got]).to.deep.equal([['f', null]]);
  });
});
