import type { Duplex } from 'node:stream'

import { ruleFor } from '../../base/check.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { withoutUndefined } from '../../base/without-undefined.ts'
import { requireAddress, requireDevice } from '../../driver-kit/requirements.ts'
import { messageOf } from '../../errors.ts'
import { openDeviceLine } from './device-line.ts'
import { defaultLineSettings, type GivenLineSettings } from './line-settings.ts'
import { openLoopLine } from './loop-line.ts'
import { openRfc2217Line } from './rfc2217/line.ts'
import type { LineEvents, SerialLine } from './serial-line.ts'
import { SharedPort } from './shared-port.ts'
import { openSocketLine } from './socket-line.ts'
import { parseSerialUrl } from './url.ts'
import { listUsbPorts } from './usb-ports.ts'
import { findUsbPort } from './usb-url.ts'

/** A rule for the address of a line in a driver's `config`. */
export const lineUrlRule = ruleFor(
  'the path of a device, usb://VENDOR:PRODUCT, hwgrep://EXPRESSION, socket://host:port, rfc2217://host:port or loop://',
  (value) => typeof value === 'string' && parseSerialUrl(value) !== undefined,
)

/** The address of a line, and its settings. */
export interface LineOptions extends GivenLineSettings {
  /**
   * A device (`/dev/ttyUSB0`, `usb://0403:6001?serial_number=FTB3KVPN`), `socket://host:port` for raw TCP, `rfc2217://host:port`, or
   * `loop://`, which echoes. A `usb://` URL can have `serial_number`, `interface` and `location`; `hwgrep://EXPRESSION` matches the
   * path, the description or the hardware id of a USB port. The port is looked for each time it is opened, because another plug
   * changes its path.
   */
  readonly url: string
  /** True if DTR keeps its level when the port is closed (default false). A change of DTR resets many boards. */
  readonly keepDtr?: boolean | undefined
  /** Gets the problems that are no reason to fail. */
  readonly warn?: ((message: string) => void) | undefined
}

/**
 * Opens a line by its URL. A device is locked: no other driver and no other program can open it until the line is closed.
 *
 * @param events receives the input, and the end if the line ends by itself
 * @throws HardwareError DEVICE_IO when the line cannot be opened, with the reason; TypeError for an unknown kind of URL
 */
export async function openLine(options: LineOptions, events: LineEvents): Promise<SerialLine> {
  const { url, keepDtr = false, warn = () => undefined, ...settings } = options
  const target = parseSerialUrl(url)
  const all = { ...defaultLineSettings, ...withoutUndefined(settings) }
  switch (target?.kind) {
    case 'device':
      return openDeviceLine({ ...all, path: target.path, keepDtr, warn }, events)
    case 'usb': {
      const path = findUsbPort(url, target.search, await listUsbPorts())
      return openDeviceLine({ ...all, path, keepDtr, warn }, events)
    }
    case 'socket':
      return openSocketLine(target, events)
    case 'rfc2217':
      return openRfc2217Line({ ...all, ...target }, events)
    case 'loop':
      return openLoopLine(events)
    case undefined:
      throw new TypeError(`${url} is not the address of a serial line`)
  }
}

/** Looks for what a line needs on this machine: its device, or the port to connect to. A device is not opened. */
export async function requireLine(url: string, options: CheckOptions = {}): Promise<readonly Requirement[]> {
  const target = parseSerialUrl(url)
  switch (target?.kind) {
    case 'device':
      return [await requireDevice(target.path)]
    case 'usb':
      try {
        return [await requireDevice(findUsbPort(url, target.search, await listUsbPorts()))]
      } catch (error) {
        return [{ name: url, isMet: false, found: messageOf(error), cure: 'connect the device, or correct the URL' }]
      }
    case 'socket':
    case 'rfc2217':
      return [await requireAddress(target.host, target.port, options)]
    default:
      return []
  }
}

/** An open line as a stream. */
export interface LineStream {
  /** The bytes of the line. It fails, or ends, when the line ends by itself. */
  readonly stream: Duplex
  /** Closes the line. Another program can open the device when the promise is fulfilled. */
  close(): Promise<void>
}

/**
 * Opens a line by its URL as a stream, for drivers of one device that answers questions.
 *
 * @param options.ended is called when the line has ended, with the error if there is one
 * @param options.signal ends the wait for the line
 * @throws HardwareError as {@link openLine}
 * @example
 * ```ts
 * readonly #relay = new DeviceConnection<LineStream>({
 *   name: `the relay at ${url}`,
 *   open: (ended, signal) => openLineStream({ url, baudRate: 9600, ended, signal }),
 *   close: (line) => line.close(),
 * })
 * ```
 */
export async function openLineStream({
  ended,
  signal = new AbortController().signal,
  ...options
}: LineOptions & {
  readonly ended?: ((reason?: unknown) => void) | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<LineStream> {
  const port = new SharedPort({
    name: options.url,
    charsPerSecond: undefined,
    open: (events) => openLine(options, events),
    warn: (error) => options.warn?.(`closing ${options.url}: ${messageOf(error)}`),
  })
  const stream = await port.connect(signal)
  stream
    .on('error', (error) => ended?.(error))
    .on('end', () => ended?.())
    .on('close', () => ended?.())
  return {
    stream,
    async close() {
      stream.destroy()
      await port.close()
    },
  }
}
