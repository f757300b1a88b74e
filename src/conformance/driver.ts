import { type DerivedClient, deriveClient } from '../clients/derive.ts'
import type { ClientClass, DriverClient } from '../clients/driver-client.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver } from './device.ts'
import { Suite } from './suite.ts'

/** Options of {@link describeDriver}. */
export interface DriverConformance<
  I extends InterfaceDefinition = InterfaceDefinition,
  Client extends DriverClient = DerivedClient<I>,
> extends ConformanceOptions {
  /** The kind of device, for titles and reports: `instrument`. */
  readonly kind: string
  /** The interface that the driver has to implement. */
  readonly interface: I
  /** The class of the client (default: one that is derived from the interface). */
  readonly client?: ClientClass<Client> | undefined
  /** Uses the real part once, completely, and leaves it as it was: a question and its answer. It fails if the answer is wrong. */
  readonly use: (client: Client) => Promise<void>
  /** Calls with wrong arguments, which have to end with ARGUMENT_INVALID: `['setLevel', 101]` (default: none). */
  readonly badCalls?: readonly (readonly [method: string, ...args: readonly unknown[]])[] | undefined
}

/**
 * Tests a driver of an interface for which there is no suite, such as one of yours: its methods, uses at once, cancelled and cut off,
 * wrong arguments, a config with mistakes, and a real part that goes away and comes back.
 *
 * @param name the name of the driver in titles and reports
 * @example
 * ```ts
 * describeDriver('MyThermostat', () => ({ driver: new MyThermostat({ port: '/dev/ttyUSB0' }) }), {
 *   kind: 'thermostat',
 *   interface: Thermostat,
 *   async use(thermostat) {
 *     await thermostat.setTarget(21)
 *     expect(await thermostat.query('target')).toBe('21')
 *   },
 *   badCalls: [['setTarget', 'warm']],
 *   lacks: { interrupt: 'the thermostat has no plug' },
 * })
 * ```
 */
export function describeDriver<I extends InterfaceDefinition, Client extends DriverClient = DerivedClient<I>>(
  name: string,
  create: CreateDriver,
  options: DriverConformance<I, Client>,
): void {
  const { kind, interface: contract, client, use, badCalls = [] } = options
  const Client = client ?? (deriveClient(contract) as unknown as ClientClass<Client>)
  const suite = new Suite<Client>({ kind, contract, Client, use, badCalls }, name, create, options)
  suite.describe(() => registerCommonTests(suite))
}
