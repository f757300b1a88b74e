import { HardwareError } from '../errors.ts'

/**
 * Makes the error of a program that is not there.
 *
 * @param program its name, or its path
 * @param options.install how to install it: `apt install uhubctl` (default: the user's own way, or another path)
 */
export function missingProgram(
  program: string,
  { install, cause }: { readonly install?: string | undefined; readonly cause?: unknown } = {},
): HardwareError {
  const isPath = program.includes('/')
  const cure = install ?? (isPath ? 'install it, or correct the path' : 'install it, or add its folder to PATH')
  return new HardwareError('PROGRAM_MISSING', `The program ${program} is not installed: ${cure}`, { cause })
}
