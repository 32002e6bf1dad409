/** How the coordinator's settings are declared: one line each. */
import type { Setting, SettingType, SettingValue, Validator } from '../../shared/settings/schema.ts';

export const setting = <T extends SettingValue>(
  name: string,
  type: SettingType,
  defaultValue: T,
  doc: string,
  more: { validator?: Validator; required?: boolean } = {},
): Setting<T> => ({ name, type, default: defaultValue, doc, ...more });
