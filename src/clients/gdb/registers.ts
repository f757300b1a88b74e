import type { WaitOptions } from '../../base/wait-options.ts'
import type { GdbTarget } from './target.ts'
import type { RegisterInfo } from './target-description.ts'

/** The names of the program counter in descriptions. */
const programCounters = ['pc', 'rip', 'eip']

/** The registers of a target, by the names of its description. */
export class Registers {
  readonly #target: GdbTarget
  readonly #isLittleEndian: () => boolean

  constructor(target: GdbTarget, isLittleEndian: () => boolean) {
    this.#target = target
    this.#isLittleEndian = isLittleEndian
  }

  /** Reads all registers that the stub gives at once. Those that are not available now are left out. */
  async readAll(limits: WaitOptions): Promise<Record<string, bigint>> {
    const all = await this.#read(limits)
    const values: Record<string, bigint> = {}
    for (const { name, size, offset } of this.#placed()) {
      const digits = all.slice(2 * offset, 2 * (offset + size))
      if (digits.length === 2 * size && !digits.includes('x')) values[name] = this.#decode(digits)
    }
    return values
  }

  /**
   * Reads one register.
   *
   * @param name a name of the description; `pc` is the program counter of any processor
   * @throws HardwareError ARGUMENT_INVALID for a name that the description does not have
   */
  async read(name: string, limits: WaitOptions): Promise<bigint> {
    const info = this.#find(name)
    const value = (await this.readAll(limits))[info.name]
    if (value !== undefined) return value
    const answer = await this.#target.session.ask(`p${info.number.toString(16)}`, {
      ...limits,
      accepts: isRegisterData,
    })
    this.#target.checkAnswer(answer, `reading register ${info.name}`)
    return this.#decode(answer.toString('latin1').replaceAll('x', '0'))
  }

  /** Writes one register. Stubs know one of two ways. */
  async write(name: string, value: bigint, limits: WaitOptions): Promise<void> {
    const info = this.#find(name)
    const digits = this.#encode(value, info.size)
    const what = `writing register ${info.name}`
    const answer = await this.#target.session.ask(`P${info.number.toString(16)}=${digits}`, {
      ...limits,
      accepts: (content) => content.toString('latin1') === 'OK',
    })
    if (answer.length > 0) {
      this.#target.checkAnswer(answer, what)
      return
    }
    const all = await this.#read(limits)
    const place = this.#placed().find(({ number }) => number === info.number)
    if (place === undefined) throw this.#target.error('NOT_IMPLEMENTED', `${what}: the stub cannot write it`)
    const [from, to] = [2 * place.offset, 2 * (place.offset + place.size)]
    await this.#target.do(`G${all.slice(0, from)}${digits}${all.slice(to)}`, what, limits)
  }

  async #read(limits: WaitOptions): Promise<string> {
    const answer = await this.#target.session.ask('g', { ...limits, accepts: isRegisterData })
    this.#target.checkAnswer(answer, 'reading the registers')
    return answer.toString('latin1')
  }

  /** The registers with their places in the answer to `g`, in which they follow each other. */
  #placed(): (RegisterInfo & { readonly offset: number })[] {
    let offset = 0
    return this.#target.description.registers.map((register) => {
      const placed = { ...register, offset }
      offset += register.size
      return placed
    })
  }

  #find(name: string): RegisterInfo {
    const { registers } = this.#target.description
    const names = name === 'pc' ? programCounters : [name]
    const found = registers.find((register) => names.includes(register.name))
    if (found !== undefined) return found
    if (registers.length === 0) {
      throw this.#target.error('NOT_IMPLEMENTED', 'the stub does not describe the registers of its target')
    }
    const known = registers.map((register) => register.name).join(', ')
    throw this.#target.error('ARGUMENT_INVALID', `there is no register '${name}'; there are ${known}`)
  }

  #decode(digits: string): bigint {
    const bytes = Buffer.from(digits, 'hex')
    return BigInt(`0x${Buffer.from(this.#isLittleEndian() ? bytes.toReversed() : bytes).toString('hex')}`)
  }

  #encode(value: bigint, size: number): string {
    const digits = BigInt.asUintN(8 * size, value)
      .toString(16)
      .padStart(2 * size, '0')
    return this.#isLittleEndian() ? Buffer.from(Buffer.from(digits, 'hex').toReversed()).toString('hex') : digits
  }
}

function isRegisterData(content: Buffer): boolean {
  return content.length % 2 === 0 && /^[\dA-Fa-fx]+$/.test(content.toString('latin1'))
}
