import type { RecordedStep } from './recorder.ts'

/** The power of a board, as the calls so far have left it. */
export interface PowerState {
  /** The name of the driver in errors: `dut.power`. */
  readonly name: string
  readonly isOn: boolean | undefined
  /** The last reading since it was switched: volts and amperes. */
  readonly voltage: number | undefined
  readonly current: number | undefined
  /** The highest reading of all, in volts. */
  readonly highestVoltage: number | undefined
}

/** Notes in a list of power states what a step that has ended without an error tells. Drivers of many kinds switch power, so the method decides. */
export function notePower(states: Map<string, PowerState>, step: RecordedStep): void {
  const { call, target, result } = step
  if (call === undefined) return
  const name = target.slice(0, target.lastIndexOf('.'))
  const known = states.get(name)
  const { highestVoltage } = known ?? {}
  if (/Power/.test(call.client) && (call.method === 'on' || call.method === 'off')) {
    states.set(name, { name, isOn: call.method === 'on', voltage: undefined, current: undefined, highestVoltage })
  }
  const { voltage, current } = readingOf(result)
  if (call.method !== 'read' || voltage === undefined) return
  const highest = Math.max(voltage, highestVoltage ?? voltage)
  states.set(name, { name, isOn: known?.isOn, voltage, current, highestVoltage: highest })
}

function readingOf(result: unknown): { voltage: number | undefined; current: number | undefined } {
  const { voltage, current } = (typeof result === 'object' && result !== null ? result : {}) as Record<string, unknown>
  return {
    voltage: typeof voltage === 'number' ? voltage : undefined,
    current: typeof current === 'number' ? current : undefined,
  }
}
