import { type ErrorCode, HardwareError } from '../errors.ts'
import { type MethodDefinition, toWireName } from '../interfaces/define.ts'
import type { CallTarget } from '../protocol/channel.ts'
import { clientLabel } from '../protocol/labels.ts'
import { validate, validateArgs, ValidationError } from '../protocol/validation.ts'
import type { StepDescription } from '../recording/recorder.ts'
import { type ClientNode, labelOf } from './client-node.ts'

/** A method of a driver, as its client calls it. */
export class DriverMethod {
  readonly target: CallTarget
  /** The name in errors: `dut.power.on`. */
  readonly #label: string
  readonly #node: ClientNode
  readonly #definition: MethodDefinition | undefined

  /** @param name the method's name in the client, or its name on the wire */
  constructor(node: ClientNode, name: string) {
    this.#node = node
    this.#definition = node.contract?.methods[name]
    const label = labelOf(node)
    this.#label = label === '' ? name : `${label}.${name}`
    this.target = {
      uuid: node.report.uuid,
      method: this.#definition?.wireName ?? toWireName(name),
      label: this.#label,
      driver: node.path || undefined,
      idempotent: this.#definition?.idempotent,
    }
  }

  /** True if a schema checks the results. */
  get checksResults(): boolean {
    return this.#definition?.result !== undefined
  }

  /** Describes a call of the method for the recording. */
  step(args: readonly unknown[]): StepDescription {
    const { path, report } = this.#node
    const client = report.labels[clientLabel] ?? ''
    const call = { driver: path, client, method: this.target.method }
    return { kind: 'call', target: this.#label, args, call }
  }

  /**
   * Checks the arguments of a call.
   *
   * @returns the arguments to send
   * @throws HardwareError ARGUMENT_INVALID
   */
  async checkArgs(args: readonly unknown[]): Promise<readonly unknown[]> {
    const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1)
    const schemas = this.#definition?.args
    if (schemas === undefined) return given
    try {
      // The exporter validates again, and passes the schemas' output to the driver; sending that would transform twice.
      await validateArgs(schemas, given, this.#label)
      return given
    } catch (error) {
      throw this.#toError('ARGUMENT_INVALID', error)
    }
  }

  /**
   * Checks the result of a call.
   *
   * @returns the schema's output
   * @throws HardwareError RESULT_INVALID
   */
  async checkResult(result: unknown): Promise<unknown> {
    const schema = this.#definition?.result
    if (schema === undefined) return result
    try {
      return await validate(schema, result, `result of ${this.#label}`)
    } catch (error) {
      throw this.#toError('RESULT_INVALID', error)
    }
  }

  #toError(code: ErrorCode, error: unknown): unknown {
    if (!(error instanceof ValidationError)) return error
    const { driver, method } = this.target
    const details = { ...this.#node.channel.details, driver, method }
    return new HardwareError(code, error.message, { cause: error, details })
  }
}
