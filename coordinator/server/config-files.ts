/**
 * Keeps a changed ensemble in the files that the next start reads, as the original does (`QuorumPeerConfig.editStaticConfig`):
 *
 *     zoo.cfg                      the operator's, without server lines, now with dynamicConfigFile=zoo.cfg.dynamic.100000005
 *     zoo.cfg.dynamic.100000005    the members; the name has the version
 *     zoo.cfg.bak                  the operator's as it was
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EnsembleConfig } from '../zab/messages.ts';
import { toQuorumConfig } from './ensemble-config.ts';
import { formatQuorumConfig } from './quorum-config.ts';

/** Lines that the dynamic file has instead. */
const MOVED = /^\s*(server\.\d+|group\.\d+|weight\.\d+|dynamicConfigFile|version)\s*[=:]/;
/** And those that a `;clientPort` in this member's own line makes superfluous. */
const MOVED_WITH_CLIENT = /^\s*(clientPort|clientPortAddress)\s*[=:]/;

/** Writes `config` beside `configFile` and has that name it. Throws the system's error. */
export function writeConfigFiles(configFile: string, config: EnsembleConfig, myId: number): string {
  const path = resolve(configFile);
  const quorum = toQuorumConfig(config);
  const base = path.replace(/\.dynamic\.[0-9a-f]+$/, '');
  const dynamicPath = `${base}.dynamic.${config.version.toString(16)}`;
  const members = formatQuorumConfig(quorum).replace(/\nversion=[0-9a-f]+$/, '\n');
  replaceFile(dynamicPath, members);
  const before = readFileSync(path, 'utf8');
  const hasClient = quorum.members.get(myId)?.client != null;
  const lines = before.split('\n').filter((line) => !MOVED.test(line) && !(hasClient && MOVED_WITH_CLIENT.test(line)));
  while (lines.at(-1)?.trim() === '') lines.pop();
  const after = `${[...lines, `dynamicConfigFile=${dynamicPath}`].join('\n')}\n`;
  if (after !== before) {
    // The first time only: what the operator wrote.
    if (!/^\s*dynamicConfigFile\s*[=:]/m.test(before)) replaceFile(`${path}.bak`, before);
    replaceFile(path, after);
  }
  return dynamicPath;
}

/** Either the old content or the new one, never a part. */
function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.tmp`, content);
  renameSync(`${path}.tmp`, path);
}

/** The version that the name of a dynamic file carries; null where it has none. */
export function versionInName(path: string): number | null {
  const hex = /\.dynamic\.([0-9a-f]{1,14})$/.exec(path)?.[1];
  return hex === undefined ? null : Number.parseInt(hex, 16);
}
