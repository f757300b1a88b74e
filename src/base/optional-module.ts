import { HardwareError, messageOf } from '../errors.ts'

/**
 * Loads a package that only some users need, on first use.
 *
 * @param name the name of the package: `net-snmp`
 * @param user what needs it, as the begin of a sentence: `SNMPServer`
 * @param load imports it; a function, so that compilers and bundlers see the import
 * @throws HardwareError MODULE_MISSING, with the command that installs the package
 * @example
 * ```ts
 * const snmp = await loadOptionalModule('net-snmp', 'SNMPServer', () => import('net-snmp'))
 * ```
 */
export async function loadOptionalModule<T>(name: string, user: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const isMissing = (cause as { code?: unknown } | null)?.code === 'ERR_MODULE_NOT_FOUND'
    const why = isMissing ? '' : `, which cannot be loaded (${messageOf(cause)})`
    throw new HardwareError('MODULE_MISSING', `${user} needs the package ${name}${why}: npm install ${name}`, { cause })
  }
}
