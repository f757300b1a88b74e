import type { HIDAsync } from 'node-hid'

import { Mutex } from '../../base/mutex.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** The longest that the system may take to open a board, to write to it, or to read what has come, in milliseconds. */
const stepTimeoutMs = 5_000
/** The drivers of this process take turns: an answer of a board comes to all who have it open. */
const turns = new Mutex()

/** The USB numbers of a board. */
export interface HidPlace {
  readonly vendorId: number
  readonly productId: number
  /** The path of the board, where several with these numbers are attached: `/dev/hidraw0`. */
  readonly path: string | undefined
}

/** An open board. */
export interface HidBoard {
  /** Sends a report. HIDAPI takes the number of the report in front, which is 0 for a board with one kind. */
  write(bytes: Uint8Array): Promise<void>
  /** @returns the next report; undefined if none comes within the time */
  read(timeoutMs: number): Promise<Buffer | undefined>
}

/** Loads the package. @throws HardwareError MODULE_MISSING */
export function loadHid() {
  return loadOptionalModule('node-hid', 'NoyitoPowerHID', () => import('node-hid'))
}

/**
 * Finds the one board with the numbers. It is not opened.
 *
 * @returns its path
 * @throws HardwareError DEVICE_IO with origin `lab` when none is attached, or several are, with the candidates; MODULE_MISSING
 */
export async function findBoard({ vendorId, productId, path }: HidPlace): Promise<string> {
  const { default: hid } = await loadHid()
  const name = nameOf({ vendorId, productId })
  const devices = await step(`looking for ${name}`, () => hid.devicesAsync(vendorId, productId))
  const found = new Map(devices.map((device) => [device.path ?? '', device.product ?? '']))
  const list = [...found].map(([place, product]) => `${place} (${product || 'without a name'})`).join(', ')
  if (path !== undefined && found.has(path)) return path
  const [only] = found.keys()
  if (path === undefined && only !== undefined && found.size === 1) return only
  const where = path === undefined ? '' : ` at ${path}`
  const message =
    path === undefined && found.size > 1
      ? `${found.size} USB devices are ${name}: ${list}; give the path of one`
      : `No USB device ${name} is attached${where}${list === '' ? '' : `; there are ${list}`}`
  const isAway = found.size === 0 || undefined
  throw new HardwareError('DEVICE_IO', message, { origin: 'lab', details: { isAway } })
}

/**
 * Opens a board for one command, and closes it, so that several drivers can share it.
 *
 * @throws HardwareError as {@link findBoard}; DEVICE_IO with origin `lab` when the board cannot be opened, or goes away
 */
export function withBoard<T>(place: HidPlace, run: (board: HidBoard) => Promise<T>, signal: AbortSignal): Promise<T> {
  return turns.run(
    async () => {
      const path = await findBoard(place)
      const { default: hid } = await loadHid()
      const device = await step(`opening ${path}`, () => hid.HIDAsync.open(path))
      try {
        return await run({
          write: async (bytes) => void (await step(`writing to ${path}`, () => device.write(Buffer.of(0, ...bytes)))),
          async read(timeoutMs) {
            signal.throwIfAborted()
            return step(`reading from ${path}`, () => device.read(timeoutMs))
          },
        })
      } finally {
        await close(device)
      }
    },
    { signal },
  )
}

/** The numbers of a device, as `lsusb` prints them: `1b1c:07d7`. */
function nameOf({ vendorId, productId }: Pick<HidPlace, 'vendorId' | 'productId'>): string {
  return [vendorId, productId].map((number) => number.toString(16).padStart(4, '0')).join(':')
}

async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await withTimeLimit({ name, timeoutMs: stepTimeoutMs, origin: 'lab' }, run)
  } catch (cause) {
    if (cause instanceof HardwareError) throw cause
    const help = /permission denied/i.test(messageOf(cause))
      ? '; a udev rule has to allow it for the exporter’s user'
      : ''
    throw new HardwareError('DEVICE_IO', `${name} failed: ${messageOf(cause)}${help}`, { cause, origin: 'lab' })
  }
}

async function close(device: HIDAsync): Promise<void> {
  // The board may have gone. The error of the command says so.
  await step('closing the board', () => device.close()).catch(() => undefined)
}
