import { InvalidArgumentError } from 'commander'

/**
 * Reads one `key=value` of an option that may be given several times.
 *
 * @param all the pairs of the earlier options
 * @throws InvalidArgumentError
 */
export function parsePair(text: string, all: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It has to be like key=value.')
  return { ...all, [key]: value }
}
