import { fileURLToPath } from 'node:url'

/** A copy of this package. A monorepo may have several. */
export interface PackageCopy {
  /** Copies of one major version work together. */
  readonly major: number
  /** The folder of the package. */
  readonly place: string
}

/** The copy of the package to which this code belongs. A test compares the version with `package.json`. */
export const thisCopy: PackageCopy = { major: 0, place: fileURLToPath(new URL('../..', import.meta.url)) }

const copyKey = Symbol.for('vitest-hardware.copy')

/**
 * Lets `instanceof` know a class by a brand: an object from another copy of this package with the same major version is an instance,
 * too. For a static block: `static { brand(this, 'Driver') }`. Classes derived from it are compared as usual.
 *
 * @param name the name of the class, the same in all copies
 */
export function brand(Class: abstract new (...args: never) => object, name: string): void {
  const key = Symbol.for(`vitest-hardware@${thisCopy.major}.${name}`)
  Object.defineProperties(Class.prototype, { [key]: { value: true }, [copyKey]: { value: thisCopy } })
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== Class) return Function.prototype[Symbol.hasInstance].call(this as () => void, value)
      // The prototype of the class itself is no instance, as usual.
      return typeof value === 'object' && value !== null && key in value && !Object.hasOwn(value, key)
    },
  })
}

/** Finds the copy that a branded object, or the prototype of a branded class, comes from, if that has another major version. */
export function otherMajorOf(value: object): PackageCopy | undefined {
  const copy = (value as { readonly [copyKey]?: PackageCopy })[copyKey]
  return copy === undefined || copy.major === thisCopy.major ? undefined : copy
}

/** Says for errors where two copies are that cannot work together. */
export function describeCopies(other: PackageCopy): string {
  return (
    `comes from another major version of vitest-hardware: version ${other.major} in ${other.place}, but version ` +
    `${thisCopy.major} in ${thisCopy.place}; install one version for both`
  )
}

/** Returns an object that all copies of one major version share, and makes it on first use. */
export function sharedByCopies<T extends object>(name: string, create: () => T): T {
  const key = Symbol.for(`vitest-hardware@${thisCopy.major}.${name}`)
  const shared = globalThis as { [key]?: T }
  return (shared[key] ??= create())
}
