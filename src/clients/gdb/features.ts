import type { WaitOptions } from '../../base/wait-options.ts'
import type { GdbSession } from './session.ts'

/** The size of packets for stubs that do not tell theirs: what gdb has always used (400 bytes). */
const defaultPacketSize = 400
/** The most bytes of a packet that are of use. More only make a late answer later. */
const maxPacketSize = 16 * 1024

/** The abilities of a stub. */
export interface GdbFeatures {
  /** The most characters of a packet. */
  readonly packetSize: number
  /** True if the stub knows `vCont` with `c` and `s`. Others know the packets `c` and `s`. */
  readonly hasVCont: boolean
  /** @returns true if the stub says that it has a feature: `qXfer:features:read` */
  has(name: string): boolean
}

/** Asks a stub for its abilities. Each question has a limit, because some stubs do not answer what they do not know. */
export async function askFeatures(session: GdbSession, { signal }: WaitOptions): Promise<GdbFeatures> {
  // Without the features of breakpoints, the stub leaves it to gdb to correct the program counter.
  const supported = await session.probe('qSupported:swbreak+;hwbreak+;xmlRegisters=i386,arm;vContSupported+', {
    signal,
    accepts: (content) => /^[\w-]+[-+=?:]/.test(content.toString('latin1')),
  })
  const features = parseFeatures(supported.toString('latin1'))
  const vCont = await session.probe('vCont?', {
    signal,
    accepts: (content) => content.toString('latin1').startsWith('vCont'),
  })
  const actions = vCont.toString('latin1').split(';')
  const size = Number.parseInt(features.get('PacketSize') ?? '', 16)
  return {
    packetSize: Number.isNaN(size) || size < 64 ? defaultPacketSize : Math.min(size, maxPacketSize),
    hasVCont: actions.includes('c') && actions.includes('s'),
    has: (name) => features.get(name) === '+',
  }
}

/** Reads `PacketSize=1000;qXfer:features:read+`. */
function parseFeatures(text: string): ReadonlyMap<string, string> {
  const features = new Map<string, string>()
  for (const item of text.split(';')) {
    const { name, value, sign } = /^(?<name>[^=]+?)(?:=(?<value>.*)|(?<sign>[-+?]))$/.exec(item)?.groups ?? {}
    if (name !== undefined) features.set(name, value ?? sign ?? '')
  }
  return features
}
