/** All commands that ask the coordinator, by name. Those about the shell itself are in `shell-session.ts`. */
import type { Command } from '../command.ts';
import { addWatch } from './add-watch.ts';
import { addauth } from './addauth.ts';
import { config } from './config.ts';
import { create } from './create.ts';
import { deleteNode } from './delete.ts';
import { deleteall } from './deleteall.ts';
import { getAcl } from './get-acl.ts';
import { getAllChildrenNumber } from './get-all-children-number.ts';
import { getEphemerals } from './get-ephemerals.ts';
import { get } from './get.ts';
import { ls } from './ls.ts';
import { delquota, listquota, setquota } from './quota.ts';
import { reconfig } from './reconfig.ts';
import { removewatches } from './removewatches.ts';
import { sessions } from './sessions.ts';
import { setAcl } from './set-acl.ts';
import { set } from './set.ts';
import { stat } from './stat.ts';
import { sync } from './sync.ts';
import { tree } from './tree.ts';
import { version } from './version.ts';
import { watch } from './watch.ts';
import { whoami } from './whoami.ts';

const ALL: readonly Command[] = [
  addWatch,
  addauth,
  config,
  create,
  deleteNode,
  deleteall,
  delquota,
  get,
  getAcl,
  getAllChildrenNumber,
  getEphemerals,
  listquota,
  ls,
  reconfig,
  removewatches,
  set,
  setAcl,
  setquota,
  stat,
  sync,
  version,
  whoami,
];

/** What ZooKeeper's shell doesn't have: apart, because its usage is compared with. */
const BEYOND: readonly Command[] = [sessions, tree, watch];

const byName = (commands: readonly Command[]): ReadonlyMap<string, Command> => new Map(commands.map((command) => [command.name, command]));

/** Those of ZooKeeper's shell. */
export const ORIGINAL_COMMANDS = byName(ALL);
export const COMMANDS = byName([...ALL, ...BEYOND]);
export const BEYOND_COMMANDS = byName(BEYOND);
