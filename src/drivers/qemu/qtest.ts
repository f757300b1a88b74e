import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { readLines } from '../../base/lines.ts'

/** The longest that QEMU may take to answer, in milliseconds. */
const answerTimeoutMs = 10_000

interface Waiting {
  readonly command: string
  readonly resolve: (words: string[]) => void
  readonly reject: (error: Error) => void
}

/**
 * Accesses the devices of a running QEMU directly, over the protocol of QEMU's device tests. `irq` is emitted when a watched line
 * changes.
 */
export class Qtest extends EventEmitter<{ irq: [line: number, raised: boolean] }> {
  readonly #stream: Duplex
  readonly #waiting: Waiting[] = []
  #closed = false

  constructor(stream: Duplex) {
    super()
    this.#stream = stream
    readLines(stream, (line) => this.#receive(line), { maxLength: 16 * 1024 * 1024 })
    stream.on('error', () => undefined)
    stream.on('close', () => {
      this.#closed = true
      for (const { command, reject } of this.#waiting.splice(0)) reject(goneWhile(command))
    })
  }

  /** Watches the outputs of a device, by its path in QEMU's tree. Only one device can be watched. */
  async watchOutputs(device: string): Promise<void> {
    await this.#ask(`irq_intercept_out ${device}`)
  }

  /** Puts a level on an input of a device, by the device's path, the name of the group of inputs, and a number. */
  async setInput(device: string, group: string, line: number, high: boolean): Promise<void> {
    await this.#ask(`set_irq_in ${device} ${group} ${line} ${high ? 1 : 0}`)
  }

  /** Reads a register of 32 bits. */
  async read(address: number): Promise<number> {
    const [value] = await this.#ask(`readl 0x${address.toString(16)}`)
    return Number(value)
  }

  /** Writes a register of 32 bits. */
  async write(address: number, value: number): Promise<void> {
    await this.#ask(`writel 0x${address.toString(16)} 0x${(value >>> 0).toString(16)}`)
  }

  #ask(command: string): Promise<string[]> {
    const answer = new Promise<string[]>((resolve, reject) => {
      if (this.#closed) {
        reject(goneWhile(command))
        return
      }
      this.#waiting.push({ command, resolve, reject })
      this.#stream.write(`${command}\n`)
    })
    return withTimeLimit({ name: `QEMU's ${command}`, timeoutMs: answerTimeoutMs }, () => answer)
  }

  #receive(line: string): void {
    const [kind, ...words] = line.split(' ')
    if (kind === 'IRQ') {
      this.emit('irq', Number(words[1]), words[0] === 'raise')
      return
    }
    // Answers come in the order of the commands.
    const waiting = this.#waiting.shift()
    if (kind === 'OK') waiting?.resolve(words)
    else waiting?.reject(new HardwareError('CALL_FAILED', `QEMU refuses ${waiting.command}: ${line}`))
  }
}

function goneWhile(command: string): HardwareError {
  return new HardwareError('DEVICE_IO', `QEMU has ended during ${command}`)
}
