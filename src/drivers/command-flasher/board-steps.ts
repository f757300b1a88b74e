import { pause } from '../../base/pause.ts'
import { HardwareError } from '../../errors.ts'
import type { Driver } from '../../runtime/driver.ts'
import { findCall, performCall, type SafeCall } from '../../runtime/safe-state.ts'
import { openLine } from '../serial/open-line.ts'
import type { SerialLine } from '../serial/serial-line.ts'
import type { BoardStep } from './config.ts'

/** The time without power of `power.cycle`, in seconds: that of `PowerClient.cycle()`. */
const defaultOffSeconds = 2
/** The time that a line is active, in seconds: Arduino's reset needs microseconds, an operating system makes milliseconds of it. */
const defaultPulseSeconds = 0.1
/** The time between the inactive and the active level of a line, in milliseconds, for the capacitor between DTR and the reset. */
const settleMs = 50

/** The steps that bring a board into its loader, or out of it, with calls of the drivers below. */
export class BoardSteps {
  readonly #root: Driver
  readonly #port: string | undefined

  /** @param root the driver whose children the steps call */
  constructor(root: Driver, port: string | undefined) {
    this.#root = root
    this.#port = port
  }

  /** Finds the steps that cannot be done. @param key the key of the config, for the sentences */
  mistakesOf(steps: readonly BoardStep[], key: string): readonly string[] {
    return steps.flatMap((step, index) => {
      const place = `${key}[${index}]`
      if (this.#port === undefined && typeof step === 'object' && ('touch' in step || 'pulse' in step)) {
        return [`${place} needs the port, which the config does not name`]
      }
      return callsOf(step).flatMap((entry) => {
        const found = findCall(this.#root, entry)
        return typeof found === 'string' ? [`${place} ${found}`] : []
      })
    })
  }

  /** Does the steps one after another. @throws what a driver below throws, and the signal's reason */
  async run(steps: readonly BoardStep[], signal: AbortSignal): Promise<void> {
    for (const step of steps) {
      signal.throwIfAborted()
      await this.#do(step, signal)
    }
  }

  async #do(step: BoardStep, signal: AbortSignal): Promise<void> {
    const wait = (seconds: number) => pause(seconds * 1000, { signal, what: 'the way into the loader' })
    if (typeof step === 'object' && 'wait' in step) return wait(step.wait)
    if (typeof step === 'object' && 'touch' in step) return this.#withPort({ baudRate: step.touch }, async () => {})
    if (typeof step === 'object' && 'pulse' in step) {
      return this.#withPort({}, async (line) => {
        await line.set?.({ [step.pulse]: false })
        await wait(settleMs / 1000)
        await line.set?.({ [step.pulse]: true })
        await wait(step.seconds ?? defaultPulseSeconds)
      })
    }
    const [first, second] = callsOf(step).map((entry) => this.#find(entry))
    if (first !== undefined) await performCall(first, signal)
    if (second === undefined) return
    await wait((typeof step === 'object' && 'cycle' in step ? step.seconds : undefined) ?? defaultOffSeconds)
    await performCall(second, signal)
  }

  #find(entry: CallEntry): SafeCall {
    const found = findCall(this.#root, entry)
    if (typeof found === 'string') throw new HardwareError('EXPORTER_CONFIG_INVALID', `A step of the board ${found}`)
    return found
  }

  async #withPort(settings: { readonly baudRate?: number }, use: (line: SerialLine) => Promise<void>): Promise<void> {
    const line = await openLine({ url: this.#port ?? '', ...settings }, { data() {}, closed() {} })
    try {
      await use(line)
    } finally {
      await line.close()
    }
  }
}

type CallEntry = Parameters<typeof findCall>[1]

/** The calls of a step: one, the two of a cycle, or none. */
function callsOf(step: BoardStep): readonly CallEntry[] {
  const cycleOf = (child: string) => [`${child}.off`, `${child}.on`]
  if (typeof step === 'string') return step.endsWith('.cycle') ? cycleOf(step.slice(0, -'.cycle'.length)) : [step]
  if ('cycle' in step) return cycleOf(step.cycle)
  return 'call' in step ? [step] : []
}
