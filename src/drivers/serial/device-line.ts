import { stat } from 'node:fs/promises'
import { platform } from 'node:process'

import { startTimer } from '../../base/clock.ts'
import { runProgram } from '../../base/run-program.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ModemLines } from '../../interfaces/serial.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import type { LineSettings } from './line-settings.ts'
import { type ControlLines, controlNames, type LineEvents, type SerialLine } from './serial-line.ts'

/** The longest that the kernel may take to open a port, to close it, or to set its lines, in milliseconds. */
const deviceTimeoutMs = 10_000

/** The time after the opening of a port at which its device is checked once more, in milliseconds. */
const settleMs = 100

/** Options of {@link openDeviceLine}. */
export interface DeviceOptions extends LineSettings {
  readonly path: string
  /** True if DTR keeps its level when the port is closed. A change of DTR resets many boards. */
  readonly keepDtr: boolean
  /** Gets the problems that are no reason to fail. */
  readonly warn: (message: string) => void
}

/**
 * Opens a serial port, and locks it.
 *
 * @throws HardwareError DEVICE_IO with the reason and the remedy, MODULE_MISSING without the package serialport
 */
export async function openDeviceLine(options: DeviceOptions, events: LineEvents): Promise<SerialLine> {
  const { path, baudRate, dataBits, parity, stopBits, keepDtr, warn } = options
  const { SerialPort } = await loadOptionalModule('serialport', 'A serial port', () => import('serialport'))
  let settings: LineSettings = { baudRate, dataBits, parity, stopBits }
  const port = new SerialPort({ path, ...settings, hupcl: !keepDtr, autoOpen: false })
  await limited(`opening ${path}`, (done) => port.open(done)).catch((cause: unknown) => {
    // The kernel may open the port later, when no caller waits.
    port.once('open', () => port.close(() => undefined))
    throw explainOpen(path, cause)
  })
  // The kernel makes both active when it opens a port.
  let lines: ControlLines = { dtr: true, rts: true, brk: false }
  let over = false
  const end = (error: Error | null | undefined) => {
    if (over) return
    over = true
    const message = `${path} is gone: ${reason(error)}`
    // A port is an adapter or a cable of the lab. One that a board makes itself comes back with the power.
    const details = { isAway: true } as const
    events.closed(new HardwareError('DEVICE_IO', message, { cause: error ?? undefined, origin: 'lab', details }))
  }
  port.on('data', (bytes: Buffer) => {
    if (!over) events.data(bytes)
  })
  port.on('error', end)
  port.on('close', end)
  // serialport does not notice a device that disappears between the opening and the first read.
  const check = async () => {
    if (!over && platform !== 'win32' && (await stat(path).catch(() => undefined)) === undefined)
      end(new Error('it went away when it was opened'))
  }
  startTimer(() => void check(), settleMs).unref()
  if (keepDtr) await disableHangup(path, warn)
  return {
    flow: undefined,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        port.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), undefined, (cause) => {
          if (cause) reject(new HardwareError('DEVICE_IO', `Cannot write to ${path}: ${reason(cause)}`, { cause }))
          else resolve()
        })
      }),
    async set(changes) {
      const wanted = { ...lines, ...changes }
      // serialport sets a break or none with every change, which a CDC ACM device without breaks refuses.
      if (controlNames.every((line) => wanted[line] === lines[line])) return
      try {
        await limited(`setting lines of ${path}`, (done) => port.set(wanted, done))
      } catch (cause) {
        const names = 'brk' in changes ? 'a break' : 'DTR and RTS'
        throw new HardwareError('DEVICE_IO', `${path} cannot set ${names}: ${reason(cause)}`, { cause })
      }
      lines = wanted
    },
    modemLines: () =>
      withTimeLimit({ name: `reading lines of ${path}`, timeoutMs: deviceTimeoutMs }, () => {
        const { promise, resolve, reject } = Promise.withResolvers<ModemLines>()
        port.get((cause, found) => {
          if (found !== undefined) resolve({ cts: found.cts, dsr: found.dsr, cd: found.dcd })
          else reject(new HardwareError('DEVICE_IO', `${path} has no modem lines: ${reason(cause)}`, { cause }))
        })
        return promise
      }),
    // The kernel has no call for the rest, and to close and open the port would change its lines.
    async change({ baudRate: newRate = settings.baudRate }) {
      await limited(`setting the baud rate of ${path}`, (done) => port.update({ baudRate: newRate }, done))
      settings = { ...settings, baudRate: newRate }
      return settings
    },
    async close() {
      over = true
      if (port.isOpen) await limited(`closing ${path}`, (done) => port.close(done))
    },
  }
}

/**
 * Turns HUPCL off with stty, which changes the device for every program. serialport's `hupcl: false` leaves the flag unchanged, and the
 * kernel's default is on.
 */
async function disableHangup(path: string, warn: (message: string) => void): Promise<void> {
  try {
    const option = platform === 'darwin' ? '-f' : '-F'
    await runProgram(['stty', option, path, '-hupcl'], { timeoutMs: deviceTimeoutMs, install: 'apt install coreutils' })
  } catch (error) {
    warn(`cannot turn off HUPCL of ${path} (disable_hupcl): ${messageOf(error).trim()}`)
  }
}

function limited(name: string, start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return withTimeLimit(
    { name, timeoutMs: deviceTimeoutMs },
    () => new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve()))),
  )
}

/** True for the error of a port that another program, or another driver, has locked. It may be free soon. */
export function isPortInUse(error: unknown): boolean {
  return error instanceof HardwareError && error.code === 'DEVICE_IO' && isLocked(error.cause)
}

const isLocked = (cause: unknown) => /cannot lock port/i.test(messageOf(cause))

function explainOpen(path: string, cause: unknown): Error {
  if (cause instanceof HardwareError) return cause
  const why = reason(cause)
  if (isLocked(cause)) {
    return new HardwareError('DEVICE_IO', `${path} is in use: another program, or another driver, has locked it`, {
      cause,
      origin: 'lab',
    })
  }
  const help = /permission denied/i.test(why) ? '; the exporter’s user has to be in the group of the device' : ''
  return new HardwareError('DEVICE_IO', `Cannot open ${path}: ${why}${help}`, { cause })
}

/** Takes the reason out of a message of serialport such as `Error: No such file or directory, cannot open /dev/x`. */
function reason(error: unknown): string {
  if (error === null || error === undefined) return 'it was closed'
  return messageOf(error)
    .replace(/^Error:?\s+/, '')
    .replace(/, cannot (?:open|set|get)\b.*$/, '')
}
