import { HardwareError } from '../../errors.ts'

/**
 * The variables that a client may not set, because they make the command run code that the lab does not mean. Jumpstarter's driver
 * refuses the same ones.
 */
const refusedNames = new Set(['PATH', 'PYTHONPATH', 'BASH_ENV', 'KUBECONFIG', 'HOME'])
const refusedPrefixes = ['LD_', 'BASH_FUNC_']

/** The names of variables, as in Jumpstarter's driver: the identifiers of Python. */
const identifier = /^[\p{ID_Start}_]\p{ID_Continue}*$/u

/**
 * Makes the environment of a command.
 *
 * @param own the variables that the exporter gives its programs
 * @param given the client's variables, which may be any value
 * @throws HardwareError ARGUMENT_INVALID for a wrong or refused name, or a value that is no text
 */
export function commandEnvironment(own: Record<string, string>, given: unknown): NodeJS.ProcessEnv {
  if (given === undefined || given === null) return own
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid('The environment has to be an object of texts')
  for (const [name, value] of Object.entries(given)) {
    if (!identifier.test(name)) throw invalid(`${JSON.stringify(name)} is not a name of an environment variable`)
    if (refusedNames.has(name) || refusedPrefixes.some((prefix) => name.startsWith(prefix))) {
      // Jumpstarter's words, which its users' tests look for.
      throw invalid(`Environment variable '${name}' is blocked for security reasons`)
    }
    if (!isText(value)) throw invalid(`The environment variable ${name} has to be a text without NUL`)
  }
  return { ...own, ...given }
}

/**
 * Checks the arguments of a command.
 *
 * @throws HardwareError ARGUMENT_INVALID for an argument that is no text
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
