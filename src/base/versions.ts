/** The oldest Node.js that this package runs on: it removes types from TypeScript by itself. `package.json` has the same. */
export const oldestNode = '22.18'
/** The oldest Vitest that the plugin works with. `package.json` has the same. */
export const oldestVitest = '4.1'

/** True if a version such as `22.4.0` is older than one such as `22.18`. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const [oldestMajor = 0, oldestMinor = 0] = than.split('.').map(Number)
  return major === oldestMajor ? minor < oldestMinor : major < oldestMajor
}
