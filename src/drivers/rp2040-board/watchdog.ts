import type * as Rp2040js from 'rp2040js'

/** The upper bits of the watchdog's address, by which the library knows it (RP2040 Datasheet, section 2.2.4). */
const watchdogKey = 0x40058

/** The part of the library's watchdog that the package does not export. */
interface Watchdog {
  onWatchdogTrigger: () => void
  /** The registers that keep their content in a reset. */
  readonly scratchData: Uint32Array
  /** The reason of the last reset. */
  reason: number
}

/**
 * Finds the watchdog of a chip.
 *
 * @param before the chip before a reset, whose reason and scratch registers stay
 */
export function watchdogOf(chip: Rp2040js.RP2040, before: Rp2040js.RP2040 | undefined): Watchdog {
  const watchdog = find(chip)
  if (before === undefined) return watchdog
  const { scratchData, reason } = find(before)
  watchdog.scratchData.set(scratchData)
  watchdog.reason = reason
  return watchdog
}

function find(chip: Rp2040js.RP2040): Watchdog {
  const peripheral: unknown = chip.peripherals[watchdogKey]
  if (isWatchdog(peripheral)) return peripheral
  throw new TypeError('this version of rp2040js has no watchdog at its address')
}

function isWatchdog(value: unknown): value is Watchdog {
  return typeof value === 'object' && value !== null && 'onWatchdogTrigger' in value && 'scratchData' in value
}
