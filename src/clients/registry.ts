import { pathToFileURL } from 'node:url'

import { HardwareError, messageOf } from '../errors.ts'
import { CompositeClient } from './composite-client.ts'
import { DigitalInputClient } from './digital-input-client.ts'
import { DigitalOutputClient } from './digital-output-client.ts'
import { type ClientClass, DriverClient } from './driver-client.ts'
import { FlasherClient } from './flasher-client.ts'
import { HttpServerClient } from './http-server-client.ts'
import { NetworkClient } from './network-client.ts'
import { OpendalClient } from './opendal-client.ts'
import { PowerClient } from './power-client.ts'
import { QemuClient } from './qemu-client.ts'
import { SerialClient } from './serial-client.ts'
import { ShellClient } from './shell-client.ts'
import { StorageMuxClient, StorageMuxFlasherClient } from './storage-mux-client.ts'
import { TftpServerClient } from './tftp-server-client.ts'
import { VirtualPowerClient } from './virtual-power-client.ts'

const builtIn = [
  CompositeClient,
  DigitalInputClient,
  DigitalOutputClient,
  FlasherClient,
  HttpServerClient,
  NetworkClient,
  OpendalClient,
  PowerClient,
  QemuClient,
  SerialClient,
  ShellClient,
  StorageMuxClient,
  StorageMuxFlasherClient,
  TftpServerClient,
  VirtualPowerClient,
]

const registered = new Map<string, ClientClass>([
  ...builtIn.map((Client): [string, ClientClass] => [Client.interface.client, Client as unknown as ClientClass]),
  // The name that newer releases of upstream's core give it.
  ['jumpstarter.client.flasher.FlasherClient', FlasherClient],
  // The same with a method for images of container registries, which our driver does not have.
  ['jumpstarter_driver_qemu.client.QemuFlasherClient', FlasherClient],
])

/** Makes a client class known by the path that drivers report. */
export function registerClient(path: string, Client: ClientClass): void {
  registered.set(path, Client)
}

/**
 * The class for a path that a driver reports: a registered one, or `package/subpath#Export` imported if `allow` names
 * the package. Every other driver gets a plain {@link DriverClient}, which can still `call` its methods.
 *
 * @throws HardwareError MODULE_MISSING when an allowed package has no such class
 */
export async function resolveClient(path: string, allow: readonly string[]): Promise<ClientClass> {
  const known = registered.get(path)
  if (known !== undefined) return known
  const { specifier, name } = /^(?<specifier>[^.#/][^#]*)#(?<name>\w+)$/.exec(path)?.groups ?? {}
  if (specifier === undefined || name === undefined || !allow.includes(packageOf(specifier))) return DriverClient
  const Client = await importClient(specifier, name, path)
  registered.set(path, Client)
  return Client
}

async function importClient(specifier: string, name: string, path: string): Promise<ClientClass> {
  let found: unknown
  try {
    const { resolve } = await import('import-meta-resolve')
    const url = resolve(specifier, pathToFileURL(`${process.cwd()}/`).href)
    found = ((await import(/* @vite-ignore */ url)) as Record<string, unknown>)[name]
  } catch (cause) {
    throw new HardwareError('MODULE_MISSING', `Cannot import client ${path}: ${messageOf(cause)}`, { cause })
  }
  if (typeof found === 'function' && found.prototype instanceof DriverClient) return found as ClientClass
  throw new HardwareError('MODULE_MISSING', `${path} is not a class that extends DriverClient`)
}

/** `@scope/name/sub` → `@scope/name`, `name/sub` → `name` */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
