import { readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { platform } from 'node:process'

import { loadOptionalModule } from '../../base/optional-module.ts'

/** A serial port on USB. */
export interface UsbPort {
  /** The device: `/dev/ttyUSB0`. Another plug may change it. */
  readonly path: string
  /** The number of the maker, four hexadecimal digits: `0403`. */
  readonly vendor: string
  /** The number of the product, four hexadecimal digits: `6001`. */
  readonly product: string
  readonly serialNumber: string | undefined
  /** The number of the interface. An adapter with several ports has one for each. */
  readonly interface: number | undefined
  /** The socket, as the kernel names it: `1-1.2` is the second one of the hub at the first one of bus 1. */
  readonly location: string | undefined
  /** The name that the device gives itself. */
  readonly description: string | undefined
}

/**
 * Lists the serial ports on USB. On Linux the kernel's files tell all about them, also in a container without udev.
 *
 * @param sys the folder of the kernel's files (default `/sys`)
 */
export async function listUsbPorts(sys = '/sys'): Promise<readonly UsbPort[]> {
  if (platform !== 'linux') return listOtherPorts()
  const folder = join(sys, 'class/tty')
  const names = await readdir(folder).catch(() => [])
  const ports = await Promise.all(names.map((name) => readPort(name, join(folder, name, 'device'))))
  return ports.filter((port) => port !== undefined).toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** @returns undefined for a terminal that is not on USB, or has gone */
async function readPort(name: string, device: string): Promise<UsbPort | undefined> {
  const read = (path: string) =>
    readFile(path, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    )
  let place = await realpath(device).catch(() => undefined)
  if (place === undefined) return undefined
  let usbInterface: string | undefined
  // The folder of the device is some levels above that of the port, and below it that of the interface.
  for (; place !== dirname(place); place = dirname(place)) {
    usbInterface ??= await read(join(place, 'bInterfaceNumber'))
    const folder = place
    const [vendor, product, serialNumber, description] = await Promise.all(
      ['idVendor', 'idProduct', 'serial', 'product'].map((file) => read(join(folder, file))),
    )
    if (vendor === undefined || product === undefined) continue
    const number = usbInterface === undefined ? undefined : Number.parseInt(usbInterface, 16)
    const path = join('/dev', name)
    return { path, vendor, product, serialNumber, interface: number, location: basename(place), description }
  }
  return undefined
}

async function listOtherPorts(): Promise<readonly UsbPort[]> {
  const { SerialPort } = await loadOptionalModule('serialport', 'A serial port', () => import('serialport'))
  return (await SerialPort.list()).flatMap((port) => {
    const { path, vendorId: vendor, productId: product, serialNumber, manufacturer, pnpId, locationId } = port
    if (vendor === undefined || product === undefined) return []
    // Windows has the number of the interface in the name of the device: `USB\VID_0403&PID_6010&MI_01`.
    const number = /\bMI_(?<number>[\da-f]{2})/i.exec(pnpId ?? '')?.groups?.['number']
    const usbInterface = number === undefined ? undefined : Number.parseInt(number, 16)
    return [
      { path, vendor, product, serialNumber, interface: usbInterface, location: locationId, description: manufacturer },
    ]
  })
}
