import type { Duplex } from 'node:stream'

import type { WaitOptions } from '../../base/wait-options.ts'
import { type ErrorCode, HardwareError } from '../../errors.ts'
import { askFeatures, type GdbFeatures } from './features.ts'
import { showPacket } from './link.ts'
import { GdbSession, type GdbSessionOptions, isError } from './session.ts'
import { readTargetDescription, type TargetDescription } from './target-description.ts'

/** The characters of a packet beside its data: `X`, an address, a length and the separators. */
const packetOverhead = 40

/** A target that a stub controls: its memory, registers and commands. The target stands still while they are used. */
export class GdbTarget {
  readonly session: GdbSession
  readonly features: GdbFeatures
  readonly description: TargetDescription
  readonly #options: GdbSessionOptions
  readonly #output: Buffer[] = []
  /** `undefined` until the stub has been asked. */
  #takesBinary: boolean | undefined

  /**
   * Begins a session over a connection, and asks the stub for its abilities. Most stubs stop the program then.
   *
   * @param stream is destroyed with the session, also when it cannot begin
   */
  static async open(stream: Duplex, options: GdbSessionOptions, limits: WaitOptions): Promise<GdbTarget> {
    const output: Buffer[] = []
    const onOutput = (piece: Buffer) => {
      output.push(piece)
      options.onOutput?.(piece)
    }
    const session = new GdbSession(stream, { ...options, onOutput })
    try {
      const features = await askFeatures(session, limits)
      await session.askStop(limits)
      const description = await readTargetDescription(async (name) =>
        features.has('qXfer:features:read')
          ? readObject(session, features, `features:read:${name}`, limits)
          : undefined,
      )
      return new GdbTarget(session, features, description, options, output)
    } catch (error) {
      session.close()
      throw error
    }
  }

  private constructor(
    session: GdbSession,
    features: GdbFeatures,
    description: TargetDescription,
    options: GdbSessionOptions,
    output: Buffer[],
  ) {
    this.session = session
    this.features = features
    this.description = description
    this.#options = options
    this.#output = output
  }

  /** @throws HardwareError DEVICE_IO when the stub cannot read all of it */
  async readMemory(address: bigint, length: number, { signal }: WaitOptions): Promise<Buffer> {
    const most = Math.floor((this.features.packetSize - packetOverhead) / 2)
    const pieces: Buffer[] = []
    for (let done = 0; done < length;) {
      const count = Math.min(most, length - done)
      const from = address + BigInt(done)
      const answer = await this.session.ask(`m${hex(from)},${hex(count)}`, {
        accepts: (content) => isHexData(content) && content.length <= 2 * count,
        signal,
      })
      this.checkAnswer(answer, `reading ${count} bytes at 0x${hex(from)}`)
      const piece = Buffer.from(answer.toString('latin1'), 'hex')
      pieces.push(piece)
      done += piece.length
    }
    return Buffer.concat(pieces)
  }

  /** @throws HardwareError DEVICE_IO when the stub cannot write all of it */
  async writeMemory(address: bigint, data: Uint8Array, { signal }: WaitOptions): Promise<void> {
    this.#takesBinary ??= await this.#probeBinary(address, signal)
    // Each byte of binary data may be escaped.
    const most = Math.floor((this.features.packetSize - packetOverhead) / 2)
    for (let done = 0; done < data.length; done += most) {
      const piece = data.subarray(done, done + most)
      const to = address + BigInt(done)
      const place = `${hex(to)},${hex(piece.length)}:`
      const packet = this.#takesBinary
        ? Buffer.concat([Buffer.from(`X${place}`), piece])
        : `M${place}${Buffer.from(piece).toString('hex')}`
      await this.do(packet, `writing ${piece.length} bytes at 0x${hex(to)}`, { signal })
    }
  }

  /**
   * Sends a packet whose answer is `OK`.
   *
   * @param what the name of the action in the error
   * @throws HardwareError NOT_IMPLEMENTED when the stub does not know the packet, DEVICE_IO for another answer
   */
  async do(packet: string | Uint8Array, what: string, limits: WaitOptions): Promise<void> {
    this.checkAnswer(await this.session.ask(packet, { ...limits, accepts: isOk }), what)
  }

  /**
   * Runs a command of the stub, as gdb's `monitor` does.
   *
   * @returns the output
   */
  async monitor(command: string, limits: WaitOptions): Promise<string> {
    this.#output.length = 0
    const answer = await this.session.ask(`qRcmd,${Buffer.from(command).toString('hex')}`, {
      ...limits,
      accepts: (content) => isOk(content) || isHexData(content),
    })
    this.checkAnswer(answer, `the command '${command}'`)
    const last = isOk(answer) ? Buffer.alloc(0) : Buffer.from(answer.toString('latin1'), 'hex')
    return Buffer.concat([...this.#output.splice(0), last]).toString('utf8')
  }

  /** Reads an object of the stub as text, such as `memory-map:read:`. */
  readObject(name: string, limits: WaitOptions): Promise<string | undefined> {
    return readObject(this.session, this.features, name, limits)
  }

  /** Lets the program run, or makes one step of it. */
  async resume(how: 'c' | 's'): Promise<void> {
    await this.session.resume(this.features.hasVCont ? `vCont;${how}` : how)
  }

  /** @throws HardwareError NOT_IMPLEMENTED for an empty answer, DEVICE_IO for the error of a stub */
  checkAnswer(answer: Buffer, what: string): void {
    if (answer.length === 0) throw this.error('NOT_IMPLEMENTED', `${what}: the stub does not know the packet for it`)
    if (isError(answer.toString('latin1'))) {
      throw this.error('DEVICE_IO', `${what} failed: the stub answers ${showPacket(answer)}`)
    }
  }

  /** Makes an error with the name of the stub in front. */
  error(code: ErrorCode, text: string): HardwareError {
    const { name, details } = this.#options
    return new HardwareError(code, `${name}: ${text}`, { details })
  }

  /** `X` for nothing at all tells if the stub takes binary data (GDB manual, "Packets"). */
  async #probeBinary(address: bigint, signal: AbortSignal | undefined): Promise<boolean> {
    return isOk(await this.session.probe(`X${hex(address)},0:`, { accepts: isOk, signal }))
  }
}

/** Reads an object of a stub, in pieces (GDB manual, "General Query Packets": `qXfer`). */
async function readObject(
  session: GdbSession,
  { packetSize }: GdbFeatures,
  name: string,
  limits: WaitOptions,
): Promise<string | undefined> {
  const most = packetSize - packetOverhead
  let text = ''
  for (;;) {
    const answer = await session.ask(`qXfer:${name}:${hex(text.length)},${hex(most)}`, {
      ...limits,
      accepts: (content) => /^[lm]/.test(content.toString('latin1')),
    })
    const [kind, piece] = [answer.toString('latin1', 0, 1), answer.toString('latin1', 1)]
    text += piece
    if (kind === 'l') return text
    if (kind !== 'm' || piece === '') return undefined
  }
}

/** Writes a number as packets have it. */
export function hex(number: number | bigint): string {
  return number.toString(16)
}

function isOk(content: Buffer): boolean {
  return content.toString('latin1') === 'OK'
}

function isHexData(content: Buffer): boolean {
  return content.length % 2 === 0 && /^(?:[\da-f]{2})+$/i.test(content.toString('latin1'))
}
