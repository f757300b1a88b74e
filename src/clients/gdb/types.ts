import type { LoadProgress } from './load.ts'

/** An address in the memory of the target: a number, or the name of a symbol of the program. */
export type DebugAddress = number | bigint | string

/** A break- or watchpoint. Dispose of it to remove it. */
export interface Breakpoint extends AsyncDisposable {
  readonly address: bigint
  remove(): Promise<void>
}

/** Options of `load` of a debugger. */
export interface LoadProgramOptions {
  /** True to read the memory back and compare it (default true). */
  readonly verify?: boolean | undefined
  /** Gets the bytes that are done of all bytes, while writing and then while verifying. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}
