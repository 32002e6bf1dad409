/**
 * Names and passwords for SASL, from the file that Java programs have them in (`java.security.auth.login.config`):
 *
 *     Server {
 *       org.apache.zookeeper.server.auth.DigestLoginModule required
 *       user_bob="secret"
 *       user_super="other";
 *     };
 */
import { readFileSync } from 'node:fs';
import { SettingError } from '../../shared/settings/schema.ts';

const USER_PREFIX = 'user_';

/**
 * The users of section `name` of the file at `path`; null where the file has no such section, which the original takes for a
 * server without SASL (the file may be there for a client alone). Throws `SettingError`, saying what is wrong.
 */
export function readJaasUsers(path: string, name: string): ReadonlyMap<string, string> | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SettingError(`Cannot read java.security.auth.login.config "${path}": ${(cause as Error).message}`);
  }
  const users = parseJaas(text).get(name);
  if (users === undefined) return null;
  if (users === 'other') {
    throw new SettingError(`Section '${name}' of '${path}' has no DigestLoginModule: DIGEST-MD5 is the only mechanism there is (no GSSAPI)`);
  }
  return users;
}

/** Sections by name: the users of those with ZooKeeper's DigestLoginModule, `other` for those of another module. */
export function parseJaas(text: string): Map<string, ReadonlyMap<string, string> | 'other'> {
  const sections = new Map<string, ReadonlyMap<string, string> | 'other'>();
  const plain = text.replace(/("(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (_all, quoted: string | undefined) => quoted ?? '');
  for (const [, name, body] of plain.matchAll(/([\w.-]+)\s*\{((?:"(?:[^"\\\n]|\\.)*"|[^"}])*)\}\s*;?/g)) {
    if (!/\bDigestLoginModule\b/.test(body!)) {
      sections.set(name!, 'other');
      continue;
    }
    const users = new Map<string, string>();
    for (const [, key, value] of body!.matchAll(/([\w.@/-]+)\s*=\s*"((?:[^"\\]|\\.)*)"/g)) {
      if (key!.startsWith(USER_PREFIX)) users.set(key!.slice(USER_PREFIX.length), value!.replace(/\\(.)/g, '$1'));
    }
    sections.set(name!, users);
  }
  return sections;
}
