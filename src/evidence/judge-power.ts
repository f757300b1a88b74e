import type { ErrorOrigin } from '../errors.ts'
import type { PowerState } from '../recording/power-state.ts'

/** The voltage below which a supply gives nothing, in volts. */
const nothing = 0.1
/** The part of the highest voltage below which a board browns out. */
const brownOut = 0.8

/** The party that has to act, and the fact that shows it. */
export interface Judgement {
  readonly origin: ErrorOrigin
  readonly fact: string
}

/**
 * Judges the supplies of a board by their last readings.
 *
 * @returns `undefined` if they are as they were, or were neither switched nor read
 */
export function judgePower(states: readonly PowerState[]): Judgement | undefined {
  const [first] = states
  if (first !== undefined && states.every(({ isOn }) => isOn === false)) {
    return { origin: 'test', fact: `${first.name} is off` }
  }
  return states.map(judgeSupply).find((judgement) => judgement !== undefined)
}

function judgeSupply({ name, isOn, voltage, highestVoltage = 0 }: PowerState): Judgement | undefined {
  if (isOn !== true || voltage === undefined) return undefined
  if (voltage < nothing) return { origin: 'lab', fact: `${name} is on and gives ${voltage} V` }
  if (voltage >= brownOut * highestVoltage) return undefined
  return { origin: 'board', fact: `${name} gives ${voltage} V, and gave ${highestVoltage} V before` }
}
