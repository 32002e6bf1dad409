/** SCRAM credentials as kafka-configs takes them: `SCRAM-SHA-256=[iterations=8192,password=secret]`. */
import { SCRAM_MECHANISMS, type ScramMechanism } from '../../security/scram-credentials.ts';
import { illegalArgument } from '../java-exception.ts';
import { isJavaInt } from '../java-int.ts';

export interface ScramPassword {
  readonly mechanism: ScramMechanism;
  readonly iterations: number;
  readonly password: string;
}

const ITERATIONS_DEFAULT = 4096;

const mechanismNamed = (name: string): ScramMechanism | undefined => SCRAM_MECHANISMS.find((mechanism) => mechanism.name === name);

export const isScram = (name: string): boolean => mechanismNamed(name) !== undefined;

/** Of a name that is one. */
export const scramType = (name: string): number => mechanismNamed(name)!.type;

/** -1 stands for the default where a broker is asked; the way through ZooKeeper does not know it. */
export function readScram(name: string, text: string, way: 'broker' | 'zookeeper'): ScramPassword {
  const mechanism = mechanismNamed(name)!;
  const constant = mechanism.name.replaceAll('-', '_');
  const match = (way === 'broker' ? /^(?:iterations=(-?[0-9]*),)?password=(.*)$/ : /^(?:iterations=([0-9]*),)?password=(.*)$/).exec(text);
  if (match === null) throw illegalArgument(`Invalid credential property ${constant}=${text}`);
  const [, given, password = ''] = match;
  const iterations = given === undefined || given === '-1' ? ITERATIONS_DEFAULT : Number(given);
  if (given !== undefined && !isJavaInt(given)) throw illegalArgument(`For input string: "${given}"`);
  const { iterationsMin } = mechanism;
  if (iterations < iterationsMin) {
    const shown = way === 'broker' ? mechanism.name : constant;
    throw illegalArgument(`Iterations ${iterations} is less than the minimum ${iterationsMin} required for ${shown}`);
  }
  return { mechanism, iterations, password };
}
