import { mkdir, readdir, readFile, rmdir, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { untilSucceeds } from '../../support/until-succeeds.ts'

const gadgets = '/sys/kernel/config/usb_gadget'
const devices = '/sys/bus/usb/devices'
const usbDriver = '/sys/bus/usb/drivers/usb'

/** A USB device that the kernel plays, on a bus in software. */
interface GadgetOptions {
  /** Four hexadecimal digits. */
  readonly vendor: string
  readonly product: string
  readonly serialNumber: string
  /** The function of the device, as the kernel names it, with its settings by file names. */
  readonly function: 'acm.port' | 'hid.board'
  readonly settings?: Readonly<Record<string, string | Uint8Array>>
}

/** A USB device that is plugged in. */
export interface Gadget extends AsyncDisposable {
  /** Takes the device from its driver, as when it is pulled out. */
  unplug(): Promise<void>
  plug(): Promise<void>
}

/** Makes a USB device, and plugs it in. */
export async function createGadget(options: GadgetOptions): Promise<Gadget> {
  const { vendor, product, serialNumber, function: kind, settings = {} } = options
  const folder = join(gadgets, 'device')
  const [config, part] = [join(folder, 'configs/c.1'), join(folder, 'functions', kind)]
  const texts = join(folder, 'strings/0x409')
  for (const path of [folder, texts, part, config]) await mkdir(path)
  await writeFile(join(folder, 'idVendor'), `0x${vendor}`)
  await writeFile(join(folder, 'idProduct'), `0x${product}`)
  await writeFile(join(texts, 'serialnumber'), serialNumber)
  await writeFile(join(texts, 'product'), 'A device of the tests')
  for (const [name, value] of Object.entries(settings)) await writeFile(join(part, name), value)
  await symlink(part, join(config, kind))
  const [controller = ''] = await readdir('/sys/class/udc')
  await writeFile(join(folder, 'UDC'), controller)
  let name = ''
  await untilSucceeds(`the USB device ${vendor}:${product}`, async () => {
    name = await findDevice(vendor, product)
  })
  return {
    unplug: () => writeFile(join(usbDriver, 'unbind'), name),
    plug: () => writeFile(join(usbDriver, 'bind'), name),
    async [Symbol.asyncDispose]() {
      await writeFile(join(folder, 'UDC'), '\n')
      await unlink(join(config, kind))
      for (const path of [config, part, texts, folder]) await rmdir(path)
    },
  }
}

async function findDevice(vendor: string, product: string): Promise<string> {
  for (const name of await readdir(devices)) {
    const read = (file: string) => readFile(join(devices, name, file), 'utf8').catch(() => '')
    if ((await read('idVendor')).trim() === vendor && (await read('idProduct')).trim() === product) return name
  }
  throw new Error('it is not on the bus')
}
