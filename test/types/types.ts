/**
 * Checked by the compiler alone (`npm run check:types`): what has to compile, and what must not. Nothing here runs.
 */
import type { Duplex } from 'node:stream'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'

import { FlasherClient, PowerClient, type QemuClient, SerialClient } from '../../src/clients/index.ts'
import { MockPower, Qemu } from '../../src/drivers/index.ts'
import {
  call,
  byteStream,
  defineBoard,
  defineInterface,
  Driver,
  DriverClient,
  type Implementation,
  needs,
  type RunningBoard,
  serve,
  streaming,
} from '../../src/index.ts'
import { Power } from '../../src/interfaces/index.ts'
import { CompositeDriver, defineExporter } from '../../src/runtime/index.ts'

const Thermostat = defineInterface({
  client: 'example.ThermostatClient',
  methods: {
    setTarget: call({ args: [z.number(), z.string().optional()] }),
    at: call({ args: [z.coerce.date()], result: z.string().transform(Number) }),
    query: call<(param: string) => string>(),
    readings: streaming({ result: z.object({ celsius: z.number() }) }),
    count: streaming<(from: number) => number>(),
    console: byteStream(),
  },
})

// A driver with all methods compiles; a missing method, a wrong parameter and a wrong result do not.
class Complete extends Driver implements Implementation<typeof Thermostat> {
  static readonly interface = Thermostat
  setTarget(_celsius: number, _unit?: string) {}
  at(date: Date) {
    expectTypeOf(date).toEqualTypeOf<Date>()
    return '3'
  }
  async query(param: string) {
    return param
  }
  async *readings() {
    yield { celsius: 1 }
  }
  *count(from: number) {
    yield from
  }
  console(): Duplex {
    throw new Error('never called')
  }
}

// @ts-expect-error query is missing
export class Missing extends Driver implements Implementation<typeof Thermostat> {
  static readonly interface = Thermostat
  setTarget() {}
  at() {
    return '3'
  }
  async *readings() {
    yield { celsius: 1 }
  }
  *count() {
    yield 1
  }
  console(): Duplex {
    throw new Error('never called')
  }
}

export class WrongParameter extends Complete implements Implementation<typeof Thermostat> {
  // @ts-expect-error the interface passes a number
  override setTarget(_celsius: boolean) {}
}

export class WrongResult extends Driver implements Pick<Implementation<typeof Thermostat>, 'query' | 'readings'> {
  // @ts-expect-error the interface promises a string
  query() {
    return 3
  }
  // @ts-expect-error the interface promises objects with celsius
  async *readings() {
    yield { kelvin: 1 }
  }
}

// Clients have the types of the interface.
export class ThermostatClient extends DriverClient<typeof Thermostat> {
  async check() {
    expectTypeOf(await this.call('query', 'x')).toEqualTypeOf<string>()
    expectTypeOf(await this.call('at', '2023-01-01')).toEqualTypeOf<number>()
    expectTypeOf(this.call('setTarget', 1)).toEqualTypeOf<Promise<void>>()
    for await (const reading of this.streamingCall('readings'))
      expectTypeOf(reading).toEqualTypeOf<{ celsius: number }>()
    expectTypeOf(this.stream('console')).toEqualTypeOf<Promise<Duplex>>()
    // @ts-expect-error no such method
    await this.call('queries', 'x')
    // @ts-expect-error a streaming method is not called
    await this.call('readings')
    // @ts-expect-error a wrong argument
    await this.call('query', 3)
    // @ts-expect-error a missing argument
    await this.call('query')
  }
}

// serve() knows the methods and the children of the driver.
export async function served() {
  const client = await serve(new Complete())
  expectTypeOf(client.query).toEqualTypeOf<(param: string) => Promise<string>>()
  expectTypeOf(client.count(3)).toEqualTypeOf<AsyncGenerator<number, void, void>>()
  expectTypeOf(client.console()).toEqualTypeOf<Promise<Duplex>>()
  // @ts-expect-error a wrong argument
  await client.query(3)
  const group = await serve(new CompositeDriver({ inner: new Complete() }))
  expectTypeOf(await group.inner.query('x')).toEqualTypeOf<string>()
  // @ts-expect-error no such child
  await group.outer
  // A board of QEMU has a client with more than its methods and children, also below a group.
  expectTypeOf(await serve(new Qemu())).toEqualTypeOf<QemuClient & AsyncDisposable>()
  const bench = await serve(new CompositeDriver({ board: new Qemu(), mock: new MockPower() }))
  expectTypeOf(bench.board).toEqualTypeOf<QemuClient>()
  expectTypeOf(bench.mock.on).toEqualTypeOf<() => Promise<void>>()
  // @ts-expect-error a mock has only the methods of its driver
  await bench.mock.cycle()
  const own = await serve(new Complete(), { client: ThermostatClient })
  expectTypeOf(own).toExtend<ThermostatClient & AsyncDisposable>()
}

// needs() gives each role the clients it declares.
const test = needs({
  dut: {
    selector: 'board=virt',
    drivers: { power: PowerClient, board: { console: SerialClient, thermostat: Thermostat } },
  },
  peer: { drivers: { flasher: FlasherClient, supply: Power } },
})

test('types of roles', async ({ dut, peer, task }) => {
  expectTypeOf(dut.power).toEqualTypeOf<PowerClient>()
  expectTypeOf(dut.board.console).toEqualTypeOf<SerialClient>()
  expectTypeOf(await dut.board.thermostat.query('x')).toEqualTypeOf<string>()
  expectTypeOf(await dut.board.thermostat.at('2023-01-01')).toEqualTypeOf<number>()
  for await (const reading of peer.supply.read()) expectTypeOf(reading.voltage).toEqualTypeOf<number>()
  expectTypeOf(task.name).toEqualTypeOf<string>()
  // @ts-expect-error no such driver
  await dut.powr.on()
  // @ts-expect-error no such driver in the group
  await dut.board.power.on()
  // @ts-expect-error no such method
  await dut.power.toggle()
  // @ts-expect-error a wrong argument
  await dut.power.cycle({ offMs: '2s' })
  // @ts-expect-error a wrong argument of a derived client
  await dut.board.thermostat.query(3)
  // @ts-expect-error a wrong file
  await peer.flasher.flash(3)
})
test.beforeAll(async ({ dut }) => {
  expectTypeOf(dut.power).toEqualTypeOf<PowerClient>()
})
test.skipIf(process.platform === 'win32')('chained', ({ dut }) => {
  expectTypeOf(dut.power).toEqualTypeOf<PowerClient>()
})
// @ts-expect-error no such role
test('no such role', async ({ duty }) => duty)
// @ts-expect-error a role declares its drivers
needs({ dut: { selector: 'a=b' } })
// @ts-expect-error a driver class is no client class
needs({ dut: { drivers: { power: Complete } } })

// defineBoard() knows the names of its states, and the clients of its drivers.
const virt = defineBoard({
  drivers: { board: { power: PowerClient }, thermostat: Thermostat },
  states: {
    off: { check: async ({ thermostat }) => (await thermostat.query('power')) === 'off' },
    uboot: {
      timeoutMs: 500,
      check: async ({ board }, { signal }) => {
        expectTypeOf(board.power).toEqualTypeOf<PowerClient>()
        return !signal.aborted
      },
    },
    linux: { check: () => true },
  },
  edges: [
    { from: 'any', to: 'off', run: ({ board }) => board.power.off() },
    { from: ['off', 'uboot'], to: 'linux', costMs: 50, run: ({ thermostat }) => thermostat.query('boot') },
    // @ts-expect-error no such state
    { from: 'off', to: 'linx', run: () => undefined },
    // @ts-expect-error no such state
    { from: ['of'], to: 'linux', run: () => undefined },
    // @ts-expect-error no such driver
    { from: 'off', to: 'linux', run: ({ console }) => console.send('x') },
  ],
})
defineBoard({
  drivers: {},
  states: {
    // @ts-expect-error a check says yes or no
    off: { check: async () => {} },
  },
  edges: [],
})

const booted = needs({
  dut: { board: virt, state: 'linux', resetBetween: 'test' },
  more: { selector: 'a=b', board: virt, drivers: { board: { console: SerialClient } } },
  peer: { drivers: { flasher: FlasherClient } },
})
booted('types of boards', async ({ dut, more, peer }) => {
  expectTypeOf(dut.states).toEqualTypeOf<RunningBoard<'off' | 'uboot' | 'linux'>>()
  expectTypeOf(dut.states.state).toEqualTypeOf<'off' | 'uboot' | 'linux' | undefined>()
  expectTypeOf(dut.board.power).toEqualTypeOf<PowerClient>()
  expectTypeOf(await dut.thermostat.query('x')).toEqualTypeOf<string>()
  await dut.states.to('uboot', { timeoutMs: 1000 })
  // @ts-expect-error no such state
  await dut.states.to('linx')
  // @ts-expect-error the board has no such driver
  await dut.board.console.send('x')
  expectTypeOf(more.board.console).toEqualTypeOf<SerialClient>()
  expectTypeOf(more.board.power).toEqualTypeOf<PowerClient>()
  // @ts-expect-error it has no board
  await peer.states.to('off')
})
// @ts-expect-error no such state
needs({ dut: { board: virt, state: 'linx' } })
// @ts-expect-error no such time
needs({ dut: { board: virt, state: 'linux', resetBetween: 'tests' } })
// @ts-expect-error a state is one of a board
needs({ dut: { drivers: { power: PowerClient }, state: 'linux' } })

defineExporter({ name: 'x', export: () => ({ thermostat: new Complete() }) })
// @ts-expect-error a client is no driver
defineExporter({ name: 'x', export: () => ({ thermostat: ThermostatClient }) })
