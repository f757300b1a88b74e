import type { Requirement } from '../../../base/requirement.ts'
import { listCanInterfaces, readCanInterface } from './interfaces.ts'

/** The commands that bring an interface up. The bit rate belongs to the interface, and only root may set it. */
export const bringUp = (name: string) =>
  name.startsWith('vcan')
    ? `sudo ip link set ${name} up`
    : `sudo ip link set ${name} up type can bitrate 500000 (the rate of your bus)`

/** Describes a name that is no interface for CAN, with those that there are. */
export async function describeMissing(name: string): Promise<string> {
  const names = await listCanInterfaces()
  const others = names.length === 0 ? 'this machine has none' : `this machine has ${names.join(', ')}`
  return `there is no network interface ${name} for CAN; ${others}`
}

/** Checks that a network interface for CAN is there and up. */
export async function requireCanInterface(name: string): Promise<Requirement> {
  const found = await readCanInterface(name)
  const what = `the CAN interface ${name}`
  if (found === undefined) {
    const cure = 'connect the adapter, and load its driver; for a virtual bus: sudo ip link add dev vcan0 type vcan'
    return { name: what, isMet: false, found: await describeMissing(name), cure }
  }
  if (!found.isUp) return { name: what, isMet: false, found: 'is down', cure: bringUp(name) }
  return { name: what, isMet: true, found: found.hasFd ? 'up, with CAN FD' : 'up' }
}
