/** Topic patterns of the command line: a regular expression for the whole name, in which a comma may stand for `|`. */
import { JavaError } from './java-exception.ts';

export function topicPattern(text: string): RegExp {
  const source = text
    .trim()
    .replaceAll(',', '|')
    .replaceAll(' ', '')
    .replace(/^["']+/, '')
    .replace(/["']+$/, '');
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    throw new JavaError('java.lang.RuntimeException', `${source} is an invalid regex.`); // the parser's own reason is in other words than Java's
  }
}
