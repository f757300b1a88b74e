import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { SerialClient } from '../../src/clients/index.ts'
import { PySerial } from '../../src/drivers/index.ts'
import { parseHwgrepUrl } from '../../src/drivers/serial/hwgrep-url.ts'
import { listUsbPorts, type UsbPort } from '../../src/drivers/serial/usb-ports.ts'
import { findUsbPort, parseUsbUrl } from '../../src/drivers/serial/usb-url.ts'
import { serve } from '../../src/index.ts'

const ftdi: UsbPort = {
  path: '/dev/ttyUSB0',
  vendor: '0403',
  product: '6010',
  serialNumber: 'FT4XYZ',
  interface: 0,
  location: '1-1.2',
  description: 'Dual RS232',
}
const ports: readonly UsbPort[] = [
  ftdi,
  { ...ftdi, path: '/dev/ttyUSB1', interface: 1 },
  { ...ftdi, path: '/dev/ttyUSB2', product: '6001', serialNumber: 'A1', description: 'FT232R' },
  { ...ftdi, path: '/dev/ttyUSB3', vendor: '1a86', product: '7523', serialNumber: undefined, location: '1-1.3' },
  { ...ftdi, path: '/dev/ttyUSB4', vendor: '1a86', product: '7523', serialNumber: undefined, location: '1-1.4' },
]
function find(url: string, among = ports): string {
  const search = parseUsbUrl(url) ?? parseHwgrepUrl(url)
  if (search === undefined) throw new Error(`${url} is no URL of a port`)
  return findUsbPort(url, search, among)
}

test.each([
  ['usb://0403:6010?interface=1', '/dev/ttyUSB1'],
  ['usb://0403:6010?serial_number=ft4xyz&interface=0', '/dev/ttyUSB0'],
  ['usb://0403:6001', '/dev/ttyUSB2'],
  ['usb://1A86:7523?location=1-1.4', '/dev/ttyUSB4'],
  ['hwgrep://ttyusb2$', '/dev/ttyUSB2'],
  ['hwgrep://^ft232r', '/dev/ttyUSB2'],
  ['hwgrep://VID:PID=0403:6001 SER=A1 LOCATION=1-1\\.2$', '/dev/ttyUSB2'],
  ['hwgrep://0403:6010.*LOCATION=1-1.2:1.1', '/dev/ttyUSB1'],
  ['hwgrep://1A86:7523&n=2', '/dev/ttyUSB4'],
])('%s is %s', (url, path) => {
  expect(find(url)).toBe(path)
})

test('several ports with the properties are an error that lists them', () => {
  expect(() => find('usb://1a86:7523')).toThrow(
    '2 USB serial ports match usb://1a86:7523: /dev/ttyUSB3 (1a86:7523, Dual RS232, no serial number, interface 0, ' +
      'location 1-1.3), /dev/ttyUSB4 (1a86:7523, Dual RS232, no serial number, interface 0, location 1-1.4); ' +
      'add serial_number, interface or location',
  )
})

test('an expression of pyserial that matches several ports is an error that lists them', () => {
  expect(() => find('hwgrep://6010')).toThrow(
    '2 USB serial ports match hwgrep://6010: /dev/ttyUSB0 (0403:6010, Dual RS232, serial number FT4XYZ, interface 0, ' +
      'location 1-1.2), /dev/ttyUSB1 (0403:6010, Dual RS232, serial number FT4XYZ, interface 1, location 1-1.2); ' +
      'let the expression match one of them, or add &n=NUMBER',
  )
  expect(() => find('hwgrep://6010&n=3')).toThrow(
    /^No USB serial port matches hwgrep:\/\/6010&n=3; there are \/dev\/ttyUSB0 \(.*\), \/dev\/ttyUSB1 \([^()]*\)$/,
  )
})

test('no port with the properties is an error that lists what there is', () => {
  expect(() => find('usb://0403:6001?serial_number=B2')).toThrow(
    /^No USB serial port matches usb:\/\/0403:6001\?serial_number=B2; there are \/dev\/ttyUSB0 \(0403:6010, .*\), \/dev\/ttyUSB1/,
  )
  expect(() => find('usb://0403:6001', [])).toThrow('No USB serial port matches usb://0403:6001; there is none')
})

test.each([
  'usb://',
  'usb://403:6001',
  'usb://0403:6001?serial=x',
  'usb://0403:6001?interface=one',
  'usb://0403:6001/x',
  'hwgrep://',
  'hwgrep://(',
  'hwgrep://0403&n=0',
  'hwgrep://0403&skip_busy',
])('%s is refused', (url) => {
  expect(() => new PySerial({ url })).toThrow(`url is "${url}"; it has to be`)
})

test('a port that is not there keeps the session from starting, unless the lab says so', async () => {
  const url = 'usb://dead:beef?serial_number=NOWHERE'
  await expect(serve(new PySerial({ url }))).rejects.toThrow(`No USB serial port matches ${url}`)
  await using serial = await serve(new PySerial({ url, check_present: false }), { client: SerialClient })
  await expect(serial.setDtr(true)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining(`No USB serial port matches ${url}`),
  })
  // It may be plugged in later.
  await serial.attach()
  await serial.expect('the device is away: ')
})

test("the kernel's files tell the ports", async ({ onTestFinished, skip }) => {
  if (process.platform !== 'linux') skip('only Linux has them')
  const folder = await createPrivateFolder()
  onTestFinished(() => folder.remove())
  const sys = folder.path
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(sys, path)), { recursive: true })
    await writeFile(join(sys, path), `${text}\n`)
  }
  const link = async (name: string, target: string) => {
    await mkdir(join(sys, target), { recursive: true })
    await mkdir(join(sys, 'class/tty', name), { recursive: true })
    await symlink(join(sys, target), join(sys, 'class/tty', name, 'device'))
  }
  const hub = 'devices/pci0000:00/usb1/1-1'
  await write(`${hub}/idVendor`, '1d6b')
  await write(`${hub}/idProduct`, '0002')
  // A port of usb-serial is below its interface, that of a CDC ACM device is the interface.
  await write(`${hub}/1-1.2/idVendor`, '0403')
  await write(`${hub}/1-1.2/idProduct`, '6010')
  await write(`${hub}/1-1.2/serial`, 'FT4XYZ')
  await write(`${hub}/1-1.2/product`, 'Dual RS232')
  await write(`${hub}/1-1.2/1-1.2:1.1/bInterfaceNumber`, '01')
  await link('ttyUSB1', `${hub}/1-1.2/1-1.2:1.1/ttyUSB1`)
  await write(`${hub}/1-1.3/idVendor`, '2341')
  await write(`${hub}/1-1.3/idProduct`, '0043')
  await write(`${hub}/1-1.3/1-1.3:1.0/bInterfaceNumber`, '00')
  await link('ttyACM0', `${hub}/1-1.3/1-1.3:1.0`)
  await link('ttyS0', 'devices/pnp0/00:04')
  await mkdir(join(sys, 'class/tty/console'), { recursive: true })
  expect(await listUsbPorts(sys)).toEqual([
    {
      path: '/dev/ttyACM0',
      vendor: '2341',
      product: '0043',
      serialNumber: undefined,
      interface: 0,
      location: '1-1.3',
      description: undefined,
    },
    { ...ftdi, path: '/dev/ttyUSB1', interface: 1 },
  ])
})
