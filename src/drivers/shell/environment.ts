import { HardwareError } from '../../errors.ts'

/**
 * Names that a client may not set, because they make the command run other code than the lab means; those that upstream's
 * driver refuses.
 */
const refusedNames = new Set(['PATH', 'PYTHONPATH', 'BASH_ENV', 'KUBECONFIG', 'HOME'])
const refusedPrefixes = ['LD_', 'BASH_FUNC_']

/** What Python takes for an identifier, and so upstream's driver for the name of a variable. */
const identifier = /^[\p{ID_Start}_]\p{ID_Continue}*$/u

/**
 * The environment of a command: the exporter's, and what the client adds.
 *
 * @param given what came from the client; nothing of it has been checked
 * @throws HardwareError ARGUMENT_INVALID for a name that is none or is refused, or a value that is no text
 */
export function commandEnvironment(given: unknown): NodeJS.ProcessEnv {
  if (given === undefined || given === null) return process.env
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid('The environment has to be an object of texts')
  for (const [name, value] of Object.entries(given)) {
    if (!identifier.test(name)) throw invalid(`${JSON.stringify(name)} is not a name of an environment variable`)
    if (refusedNames.has(name) || refusedPrefixes.some((prefix) => name.startsWith(prefix))) {
      throw invalid(`The environment variable ${name} may not be set by clients`)
    }
    if (!isText(value)) throw invalid(`The environment variable ${name} has to be a text without NUL`)
  }
  return { ...process.env, ...given }
}

/**
 * The arguments of a command.
 *
 * @throws HardwareError ARGUMENT_INVALID for one that is no text
 */
export function commandArguments(given: readonly unknown[]): readonly string[] {
  return given.map((arg, index) => {
    if (!isText(arg)) throw invalid(`Argument ${index + 1} of the command has to be a text without NUL`)
    return arg
  })
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function invalid(message: string): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', message)
}
