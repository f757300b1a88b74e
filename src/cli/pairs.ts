import { InvalidArgumentError } from 'commander'

/**
 * Reads one `key=value` of an option that may be given several times.
 *
 * @param all those before it
 * @throws InvalidArgumentError
 */
export function parsePair(text: string, all: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It is like key=value.')
  return { ...all, [key]: value }
}
