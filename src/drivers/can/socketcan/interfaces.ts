import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The folder in which the kernel shows the network interfaces. */
const folder = '/sys/class/net'
/** The number of CAN among the kinds of interfaces (ARPHRD_CAN of linux/if_arp.h). */
const kindOfCan = 280
/** The flag of an interface that is up (IFF_UP of linux/if.h). */
const flagOfUp = 0x1
/** The size of a frame of CAN FD in the kernel, in bytes (CANFD_MTU of linux/can.h). */
const sizeOfFd = 72

/** A network interface for CAN. */
export interface CanInterface {
  readonly isUp: boolean
  /** True if it can carry frames of CAN FD. */
  readonly hasFd: boolean
}

/** Looks at a network interface. @returns undefined if there is none for CAN with this name */
export async function readCanInterface(name: string): Promise<CanInterface | undefined> {
  const [kind, flags, size] = await Promise.all(['type', 'flags', 'mtu'].map((fact) => readFact(name, fact)))
  if (kind !== kindOfCan || flags === undefined || size === undefined) return undefined
  return { isUp: (flags & flagOfUp) !== 0, hasFd: size >= sizeOfFd }
}

/** The names of the network interfaces for CAN. */
export async function listCanInterfaces(): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  const kinds = await Promise.all(names.map((name) => readFact(name, 'type')))
  return names.filter((_, index) => kinds[index] === kindOfCan).toSorted()
}

async function readFact(name: string, fact: string): Promise<number | undefined> {
  const text = await readFile(join(folder, name, fact), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number(text.trim())
}
