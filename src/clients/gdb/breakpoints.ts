import type { WaitOptions } from '../../base/wait-options.ts'
import { isEnd } from './stop.ts'
import { hex, type GdbTarget } from './target.ts'

/** The kinds of break- and watchpoints, by their numbers in packets (GDB manual, "Packets": `Z`). */
const kinds = { software: 0, hardware: 1, write: 2, read: 3, access: 4 } as const

/** A kind of break- or watchpoint. */
export type BreakKind = keyof typeof kinds

/** A place at which the program stops. */
interface Place {
  readonly kind: BreakKind
  readonly address: bigint
  readonly length: number
}

/** The break- and watchpoints of a target. */
export class Breakpoints {
  readonly #target: GdbTarget
  readonly #set = new Set<Place>()

  constructor(target: GdbTarget) {
    this.#target = target
  }

  /**
   * The size of a breakpoint's instruction in bytes, which tells the stub the instruction set (GDB manual, "Architecture-Specific
   * Protocol Details"; gdb's sources for the processors that the manual leaves out).
   */
  get codeLength(): number {
    const { architecture, isMProfile } = this.#target.description
    if (isMProfile) return 2
    if (architecture.startsWith('i386')) return 1
    // The compressed instruction, which fits everywhere.
    if (architecture.startsWith('riscv')) return 2
    return architecture.startsWith('avr') || architecture.startsWith('msp430') ? 2 : 4
  }

  /**
   * Sets a break- or watchpoint.
   *
   * @param kinds the kinds to try, in their order, until the stub knows one
   * @returns a function that removes it
   * @throws HardwareError NOT_IMPLEMENTED when the stub knows none, DEVICE_IO when it has no place for another one
   */
  async set(
    kinds: readonly [BreakKind, ...BreakKind[]],
    address: bigint,
    length: number,
    limits: WaitOptions,
  ): Promise<(limits: WaitOptions) => Promise<void>> {
    let answer: Buffer = Buffer.alloc(0)
    for (const kind of kinds) {
      const place = { kind, address, length }
      answer = await this.#ask('Z', place, limits)
      if (answer.length === 0) continue
      this.#target.checkAnswer(answer, describe(place))
      this.#set.add(place)
      return async (limits) => {
        if (this.#set.delete(place)) await this.#remove(place, limits)
      }
    }
    this.#target.checkAnswer(answer, describe({ kind: kinds[0], address, length }))
    throw new TypeError('there is no kind of breakpoint')
  }

  /** Lets the program run. A breakpoint at its place, at which it has stopped, does not stop it again at once. */
  async resume(pc: () => Promise<bigint>, limits: WaitOptions): Promise<void> {
    if ((await this.#here(pc)).length > 0) {
      await this.step(pc, limits)
      if (this.#target.session.stop !== undefined && isEnd(this.#target.session.stop)) return
    }
    await this.#target.resume('c')
  }

  /** Makes one step of the program, over a breakpoint at its place. */
  async step(
    pc: () => Promise<bigint>,
    limits: WaitOptions & { readonly timeoutMs?: number | undefined },
  ): Promise<void> {
    const here = await this.#here(pc)
    for (const place of here) await this.#remove(place, limits)
    await this.#target.resume('s')
    const stop = await this.#target.session.waitForStop({ ...limits, timeoutMs: limits.timeoutMs ?? 10_000 })
    if (isEnd(stop)) return
    for (const place of here) this.#target.checkAnswer(await this.#ask('Z', place, limits), describe(place))
  }

  /**
   * The places that would stop the program again where it is: the breakpoints at its instruction, and the watchpoints that have just
   * stopped it, because most processors stop before the instruction that uses the data (gdb's sources:
   * `have_nonsteppable_watchpoint`).
   */
  async #here(pc: () => Promise<bigint>): Promise<readonly Place[]> {
    const places = Array.from(this.#set)
    // The program counter matters only where there are breakpoints.
    const at = places.some(isCode) ? await pc() : undefined
    const { session, description } = this.#target
    const isBefore = session.stop?.reason === 'watchpoint' && !description.architecture.startsWith('i386')
    return places.filter((place) => (isCode(place) ? place.address === at : isBefore))
  }

  async #remove(place: Place, limits: WaitOptions): Promise<void> {
    this.#target.checkAnswer(await this.#ask('z', place, limits), `removing ${describe(place)}`)
  }

  #ask(letter: 'Z' | 'z', { kind, address, length }: Place, limits: WaitOptions): Promise<Buffer> {
    const accepts = (content: Buffer) => content.toString('latin1') === 'OK'
    return this.#target.session.ask(`${letter}${kinds[kind]},${hex(address)},${length}`, { ...limits, accepts })
  }
}

function isCode({ kind }: Place): boolean {
  return kind === 'software' || kind === 'hardware'
}

function describe({ kind, address }: Place): string {
  return `a ${kind} ${isCode({ kind, address, length: 0 }) ? 'breakpoint' : 'watchpoint'} at 0x${hex(address)}`
}
