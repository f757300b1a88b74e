import { readFile } from 'node:fs/promises'

import { HardwareError, messageOf } from '../errors.ts'

/**
 * Reads certificates in PEM from a file.
 *
 * @throws HardwareError PLUGIN_OPTIONS_INVALID if the file cannot be read
 */
export async function readCaFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const message = `Cannot read the CA file ${file}: ${messageOf(cause)}`
    throw new HardwareError('PLUGIN_OPTIONS_INVALID', message, { cause })
  }
}
