import type { Duplex } from 'node:stream'

import type { WaitOptions } from '../../base/wait-options.ts'
import { Breakpoints } from './breakpoints.ts'
import { Registers } from './registers.ts'
import type { GdbSessionOptions } from './session.ts'
import { GdbTarget } from './target.ts'

/** The parts of an open connection to a stub. */
export interface OpenProbe {
  readonly target: GdbTarget
  readonly registers: Registers
  readonly breakpoints: Breakpoints
}

/**
 * Asks a stub what it can do, and stops the program.
 *
 * @param options.isLittleEndian tells the byte order of the registers, which may be known later
 * @throws HardwareError as {@link GdbTarget.open}
 */
export async function openProbe(
  connection: Duplex,
  {
    isLittleEndian,
    signal,
    timeoutMs,
    ...options
  }: GdbSessionOptions & WaitOptions & { readonly isLittleEndian: () => boolean },
): Promise<OpenProbe> {
  const target = await GdbTarget.open(connection, options, { signal, timeoutMs })
  return { target, registers: new Registers(target, isLittleEndian), breakpoints: new Breakpoints(target) }
}
