/**
 * setquota, listquota, delquota: a quota is two znodes below /zookeeper/quota, the limits that are written here and the
 * usage that the server keeps.
 */
import type { CoordinatorClient } from '../../../shared/client/client.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import { CliError } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { parseFor } from '../command.ts';
import { formatData } from '../format.ts';

const ROOT = '/zookeeper/quota';
const LIMITS = 'zookeeper_limits';
const STATS = 'zookeeper_stats';

/** The options, what they stand for, and how the original describes them. */
const OPTIONS = {
  n: { key: 'count', text: 'num soft quota' },
  b: { key: 'bytes', text: 'bytes soft quota' },
  N: { key: 'countHardLimit', text: 'num hard quota' },
  B: { key: 'byteHardLimit', text: 'bytes hard quota' },
} as const;
type Letter = keyof typeof OPTIONS;
type Limits = Record<(typeof OPTIONS)[Letter]['key'], number>;

const NO_LIMITS: Limits = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 };

function parseLimits(data: Uint8Array | null): Limits {
  const limits = { ...NO_LIMITS };
  for (const [, key, value] of formatData(data).matchAll(/(\w+)=(-?\d+)/g)) if (key! in limits) limits[key as keyof Limits] = Number(value);
  return limits;
}

/** The second `=` is the original's: servers before 3.7 stop reading there. */
function formatLimits({ count, bytes, byteHardLimit, countHardLimit }: Limits): string {
  return `count=${count},bytes=${bytes}=;byteHardLimit=${byteHardLimit};countHardLimit=${countHardLimit}`;
}

/** The one option of the group that was given; a second one is refused. */
function selected(argv: readonly string[]): Letter | undefined {
  const letters = argv.filter((word) => /^-[nbNB]/.test(word)).map((word) => word[1] as Letter);
  const other = letters.find((letter) => letter !== letters[0]);
  if (other !== undefined) {
    throw new CliError(
      'org.apache.commons.cli.AlreadySelectedException: ' +
        `The option '${other}' was specified but an option from this group has already been selected: '${letters[0]}'`,
    );
  }
  return letters[0];
}

async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CoordinatorError && error.code === ErrorCode.NONODE) return null;
    throw error;
  }
}

export const setquota: Command = {
  name: 'setquota',
  usage: '-n|-b|-N|-B val path',
  async run(argv, context) {
    const letter = selected(argv);
    if (letter === undefined) {
      const all = Object.entries(OPTIONS).map(([each, { text }]) => `-${each} ${text}`);
      throw new CliError(`org.apache.commons.cli.MissingOptionException: Missing required option: [${all.join(', ')}]`);
    }
    const options = parseFor(setquota, argv, { valued: 'nbNB' }, 1);
    const path = options.args[1]!;
    await write(context, path, { [OPTIONS[letter].key]: parseLimit(letter, options.value(letter)!) });
  },
};

function parseLimit(letter: Letter, text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text)) throw new CliError('NumberFormatException happens when parsing the option value');
  if (letter.toLowerCase() === 'n' && value <= 0) throw new CliError('the num quota must be greater than zero');
  if (value < 0) throw new CliError('the bytes quota must be greater than or equal to zero');
  return value;
}

async function write(context: CommandContext, path: string, given: Partial<Limits>): Promise<void> {
  const { client } = context;
  if ((await client.exists(path)) === null) throw new CliError(`${path} does not exist.`);
  await refuseNested(client, path);
  const home = `${ROOT}${path}`;
  for (let end = home.indexOf('/', ROOT.length + 1); ; end = home.indexOf('/', end + 1)) {
    await createUnlessThere(client, end < 0 ? home : home.slice(0, end), null);
    if (end < 0) break;
  }
  const limits = `${home}/${LIMITS}`;
  if (await createUnlessThere(client, limits, formatLimits({ ...NO_LIMITS, ...given }))) {
    await createUnlessThere(client, `${home}/${STATS}`, 'count=0,bytes=0');
  } else {
    await client.setData(limits, formatLimits({ ...parseLimits((await client.getData(limits)).data), ...given }));
  }
  await warn(context, home);
}

async function createUnlessThere(client: CoordinatorClient, path: string, data: string | null): Promise<boolean> {
  try {
    await client.create(path, data);
    return true;
  } catch (error) {
    if (error instanceof CoordinatorError && error.code === ErrorCode.NODEEXISTS) return false;
    throw error;
  }
}

/** Quotas don't lie within one another: the server looks for the nearest one only. */
async function refuseNested(client: CoordinatorClient, path: string): Promise<void> {
  const below = async (at: string): Promise<string | null> => {
    const found = await orNull(client.getChildren(`${ROOT}${at}`));
    for (const name of found?.children ?? []) {
      if (name === LIMITS) {
        if (at !== path) return at;
      } else if (name !== STATS) {
        const deeper = await below(`${at}/${name}`);
        if (deeper !== null) return deeper;
      }
    }
    return null;
  };
  const child = await below(path);
  if (child !== null) throw new CliError(`${path} has a child ${child} which has a quota`);
  for (let at = path.slice(0, path.lastIndexOf('/')); at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    if ((await client.exists(`${ROOT}${at}/${LIMITS}`)) !== null) throw new CliError(`${path} has a parent ${at} which has a quota`);
  }
}

async function warn(context: CommandContext, home: string): Promise<void> {
  const limits = parseLimits((await context.client.getData(`${home}/${LIMITS}`)).data);
  const usage = parseLimits((await context.client.getData(`${home}/${STATS}`)).data);
  const exceeds = (used: number, ...some: number[]): boolean => some.some((limit) => limit > -1 && limit < used);
  if (exceeds(usage.count, limits.count, limits.countHardLimit)) {
    context.out(`[Warning]: the count quota you create is less than the existing count:${usage.count}\n`);
  }
  if (exceeds(usage.bytes, limits.bytes, limits.byteHardLimit)) {
    context.out(`[Warning]: the bytes quota you create is less than the existing bytes:${usage.bytes}\n`);
  }
}

export const listquota: Command = {
  name: 'listquota',
  usage: 'path',
  async run(argv, context) {
    const path = parseFor(listquota, argv, {}, 1).args[1]!;
    const limits = `${ROOT}${path}/${LIMITS}`;
    context.err(`absolute path is ${limits}`);
    const found = await orNull(context.client.getData(limits));
    if (found === null) {
      context.err(`quota for ${path} does not exist.`);
      return;
    }
    const usage = await context.client.getData(`${ROOT}${path}/${STATS}`);
    const { count, bytes } = parseLimits(usage.data);
    context.out(`Output quota for ${path} ${formatLimits(parseLimits(found.data))}\nOutput stat for ${path} count=${count},bytes=${bytes}\n`);
  },
};

export const delquota: Command = {
  name: 'delquota',
  usage: '[-n|-b|-N|-B] path',
  async run(argv, context) {
    const letter = selected(argv);
    const path = parseFor(delquota, argv, { flags: 'nbNB' }, 1).args[1]!;
    const home = `${ROOT}${path}`;
    const found = await orNull(context.client.getData(`${home}/${LIMITS}`));
    if (found === null) {
      context.err(`Quota does not exist for ${path}`);
    } else if (letter !== undefined) {
      await context.client.setData(`${home}/${LIMITS}`, formatLimits({ ...parseLimits(found.data), [OPTIONS[letter].key]: -1 }));
    } else {
      await context.client.delete(`${home}/${LIMITS}`);
      await orNull(context.client.delete(`${home}/${STATS}`));
      await deleteEmpty(context.client, home);
    }
  },
};

/** Takes away what the quota's path has left above it. */
async function deleteEmpty(client: CoordinatorClient, home: string): Promise<void> {
  for (let at = home; at !== ROOT; at = at.slice(0, at.lastIndexOf('/'))) {
    const found = await orNull(client.getChildren(at));
    if (found === null || found.children.length > 0) return;
    await client.delete(at);
  }
}
