import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** One output of the supply. */
interface Output {
  voltage: number
  current: number
  protection: number
  isOn: boolean
}

type Handler = (argument: string) => string | undefined

/** An error of the standard (SCPI-99, volume 1, section 21.8). */
class Refusal extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * A power supply with two channels of 30 V and 3 A and a load of 10 ohms. It reads messages as IEEE 488.2 says: a message is a line,
 * with units between semicolons; an error ends a message and goes into a queue with room for eight.
 */
export class ScpiSupply {
  readonly outputs: readonly Output[] = [createOutput(), createOutput()]
  /** All messages that have come. */
  readonly messages: string[] = []
  /** The queue of errors. */
  readonly errors: (readonly [number, string])[] = []
  /** The time before each answer, in milliseconds. */
  delayMs = 0
  /** Sends answers byte by byte. */
  isSplit = false
  /** Is sent in front of each answer. */
  noise = ''
  /** Answers nothing any more. */
  isMute = false
  #channel = 1
  readonly #commands: readonly (readonly [RegExp, Handler])[] = [
    [/^\*IDN\?$/, () => 'Example,PSU-2,SN0001,1.0'],
    [/^\*CLS$/, () => void this.errors.splice(0)],
    [/^\*OPC\?$/, () => '1'],
    [/^SYST(?:EM)?:ERR(?:OR)?(?::NEXT)?\?$/, () => this.#nextError()],
    [/^INST(?:RUMENT)?:NSEL(?:ECT)?$/, (channel) => void (this.#channel = number(channel, 1, 2))],
    [/^VOLT(?:AGE)?$/, (volts) => void (this.#output.voltage = number(volts, 0, 30))],
    [/^VOLT(?:AGE)?\?$/, () => exponent(this.#output.voltage)],
    [/^VOLT(?:AGE)?:PROT(?:ECTION)?$/, (volts) => void (this.#output.protection = number(volts, 1, 33))],
    [/^CURR(?:ENT)?$/, (amperes) => void (this.#output.current = number(amperes, 0, 3))],
    [/^CURR(?:ENT)?\?$/, () => exponent(this.#output.current)],
    [/^OUTP(?:UT)?$/, (state) => void (this.#output.isOn = isOn(state))],
    [/^MEAS(?:URE)?:VOLT(?:AGE)?\?$/, () => exponent(this.#output.isOn ? this.#output.voltage : 0)],
    [/^MEAS(?:URE)?:CURR(?:ENT)?\?$/, () => exponent(this.#output.isOn ? this.#output.voltage / 10 : 0)],
    [/^MEAS(?:URE)?:TEMP\?$/, () => '9.91E+37'],
    [/^DISP:TEXT$/, () => undefined],
    [/^DISP:TEXT\?$/, () => '"on; really?"'],
  ]

  /** Serves one connection. */
  connect(stream: Duplex): void {
    let rest = ''
    let work = Promise.resolve()
    stream
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        const lines = `${rest}${bytes.toString('latin1')}`.split(/\r\n|[\r\n]/)
        rest = lines.pop() ?? ''
        for (const line of lines) work = work.then(() => this.#handle(line, stream))
      })
  }

  async #handle(message: string, stream: Duplex): Promise<void> {
    if (message === '') return
    this.messages.push(message)
    const answer = this.#execute(message)
    if (answer === '' || this.isMute) return
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs))
    const text = `${this.noise}${answer}\n`
    for (const piece of this.isSplit ? text : [text]) {
      stream.write(Buffer.from(piece, 'latin1'))
      if (this.isSplit) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #execute(message: string): string {
    const answers: string[] = []
    try {
      for (const unit of message.match(/(?:"[^"]*"|[^;"])+/g) ?? []) {
        const { header = '', argument = '' } = /^\s*:?(?<header>\S+)\s*(?<argument>.*?)\s*$/.exec(unit)?.groups ?? {}
        const command = this.#commands.find(([pattern]) => pattern.test(header.toUpperCase()))
        if (command === undefined) throw new Refusal(-113, 'Undefined header')
        const answer = command[1](argument)
        if (answer !== undefined) answers.push(answer)
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (this.errors.length < 7) this.errors.push([error.code, error.message])
      else this.errors[7] = [-350, 'Queue overflow']
    }
    return answers.join(';')
  }

  #nextError(): string {
    const [code, text] = this.errors.shift() ?? [0, 'No error']
    return `${code},"${text}"`
  }

  get #output(): Output {
    const output = this.outputs[this.#channel - 1]
    if (output === undefined) throw new Refusal(-221, 'Settings conflict')
    return output
  }
}

function createOutput(): Output {
  return { voltage: 24, current: 3, protection: 33, isOn: false }
}

function number(text: string, from: number, to: number): number {
  if (text === '') throw new Refusal(-109, 'Missing parameter')
  const value = Number(text)
  if (Number.isNaN(value)) throw new Refusal(-104, 'Data type error')
  if (value < from || value > to) throw new Refusal(-222, 'Data out of range')
  return value
}

function isOn(text: string): boolean {
  if (/^(?:ON|1)$/i.test(text)) return true
  if (/^(?:OFF|0)$/i.test(text)) return false
  throw new Refusal(-224, 'Illegal parameter value')
}

/** The form NR3 of IEEE 488.2: `+5.000000E+00`. */
function exponent(value: number): string {
  return value
    .toExponential(6)
    .replace(/e([+-])(\d)$/, 'E$10$2')
    .replace(/^(?!-)/, '+')
}

/** Serves an instrument by raw TCP. */
export async function serveScpi(supply: ScpiSupply, port = 0) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    supply.connect(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: listening } = server.address() as AddressInfo
  return {
    port: listening,
    url: `socket://127.0.0.1:${listening}`,
    /** Cuts its power. */
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
