import { telnet, type TelnetVerb } from './telnet.ts'

/** The side that an option is about: this program, or the other one. */
type Side = 'us' | 'them'

/** Options of {@link TelnetOptions}. */
export interface TelnetOptionsConfig {
  /** The options that this side offers, and uses when the other one agrees. */
  readonly us: readonly number[]
  /** The options that this side asks the other one to use. */
  readonly them: readonly number[]
  send(verb: TelnetVerb, option: number): void
  /** Is called when the two sides have agreed about an option, one way or the other. */
  settled(side: Side, option: number, isActive: boolean): void
}

/**
 * Negotiates telnet options (RFC 855). It answers only what changes something, as RFC 1143 asks, so that two sides cannot answer each
 * other for ever; every other option is refused.
 */
export class TelnetOptions {
  readonly #config: TelnetOptionsConfig
  readonly #states = new Map<string, 'asked' | 'active'>()

  constructor(config: TelnetOptionsConfig) {
    this.#config = config
  }

  /** Asks for all options at once. */
  start(): void {
    for (const side of ['us', 'them'] as const) {
      for (const option of this.#config[side]) {
        this.#states.set(`${side} ${option}`, 'asked')
        this.#config.send(side === 'us' ? telnet.will : telnet.do, option)
      }
    }
  }

  /** Takes a step of the other side. */
  receive(verb: TelnetVerb, option: number): void {
    const side: Side = verb === telnet.do || verb === telnet.dont ? 'us' : 'them'
    const isWanted = verb === telnet.do || verb === telnet.will
    const key = `${side} ${option}`
    const state = this.#states.get(key)
    if (state === (isWanted ? 'active' : undefined)) return
    const isActive = isWanted && this.#config[side].includes(option)
    if (isActive) this.#states.set(key, 'active')
    else this.#states.delete(key)
    // The answer to a question has no answer.
    if (state !== 'asked') this.#config.send(answer(side, isActive), option)
    if (this.#config[side].includes(option)) this.#config.settled(side, option, isActive)
  }
}

function answer(side: Side, isActive: boolean): TelnetVerb {
  if (side === 'us') return isActive ? telnet.will : telnet.wont
  return isActive ? telnet.do : telnet.dont
}
