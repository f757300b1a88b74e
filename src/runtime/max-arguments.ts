const known = new WeakMap<object, number>()

/**
 * Counts the arguments that a function takes, by its parameters: types alone are not there when an exporter runs. Parameters that
 * cannot be counted with certainty count as any number.
 *
 * @returns Infinity for any number
 */
export function maxArgumentsOf(run: object): number {
  const found = known.get(run) ?? count(Function.prototype.toString.call(run))
  known.set(run, found)
  return found
}

function count(source: string): number {
  // A function without parentheses, and one that another function has made, do not show what they take.
  const { parameters } = /^[^()]*\((?<parameters>[^()]*)\)/.exec(source)?.groups ?? {}
  if (parameters === undefined || source.includes('[native code]') || /\barguments\b/.test(source)) return Infinity
  if (/=>/.test(source.slice(0, source.indexOf('(')))) return Infinity
  // Rest parameters, patterns, comments, and default values with commas in them.
  if (/\.\.\.|[{}[\]'"`/]/.test(parameters)) return Infinity
  return parameters.split(',').filter((parameter) => parameter.trim() !== '').length
}
