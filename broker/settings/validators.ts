/** What several settings allow. */
import { oneOf } from '../../shared/settings/schema.ts';
import type { Validator } from '../../shared/settings/schema.ts';
import { replicaSelectorClasses } from '../replication/replica-selector.ts';

export const oneOfSecurityProtocols = oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL');

/** Releases that changed what brokers say to each other, each with its number of steps (`3.3-IV0` to `3.3-IV3`). */
const STEPS_BY_RELEASE: Record<string, number> = {
  '0.8.0': 0,
  '0.8.1': 0,
  '0.8.2': 0,
  '0.9.0': 0,
  '0.10.0': 2,
  '0.10.1': 3,
  '0.10.2': 1,
  '0.11.0': 3,
  '1.0': 1,
  '1.1': 1,
  '2.0': 2,
  '2.1': 3,
  '2.2': 2,
  '2.3': 2,
  '2.4': 2,
  '2.5': 1,
  '2.6': 1,
  '2.7': 3,
  '2.8': 2,
  '3.0': 2,
  '3.1': 1,
  '3.2': 1,
  '3.3': 4,
  '3.4': 1,
};

/** Whether `text` names an inter-broker protocol: a release, a release with patch number, or one of its steps. */
export function isMetadataVersion(text: string): boolean {
  const significant = text.startsWith('0.') ? 3 : 2;
  const [release = '', step] = text.split('.').slice(0, significant).join('.').split('-IV');
  const steps = STEPS_BY_RELEASE[release];
  if (steps === undefined) return false;
  return step === undefined || (/^\d$/.test(step) && Number(step) < steps);
}

export const metadataVersion: Validator = {
  allowed: `[${Object.keys(STEPS_BY_RELEASE).join(', ')}]`,
  check: (value) =>
    typeof value === 'string' && !isMetadataVersion(value) ? `Version ${value} is not a valid version` : null,
};

/** Java classes of one's own cannot be loaded: the original's selectors are known by their names. */
export const replicaSelector: Validator = {
  allowed: `[${replicaSelectorClasses.join(', ')}]`,
  check: (value) =>
    typeof value === 'string' && value !== '' && !replicaSelectorClasses.includes(value)
      ? `Class ${value} could not be found; allowed are ${replicaSelectorClasses.join(', ')}`
      : null,
};
