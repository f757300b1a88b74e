import { once } from 'node:events'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'

import {
  FlasherClient,
  PowerClient,
  SerialClient,
  StorageMuxClient,
  StorageMuxFlasherClient,
  VirtualPowerClient,
} from '../../src/clients/index.ts'
import {
  call,
  defineInterface,
  Driver,
  DriverClient,
  type Implementation,
  type InterfaceDefinition,
  type ResourceHandle,
  serve,
} from '../../src/index.ts'
import { Power, Serial, StorageMux, StorageMuxFlasher, VirtualPower } from '../../src/interfaces/index.ts'
import { CompositeDriver } from '../../src/runtime/composite-driver.ts'
import { callSignal } from '../../src/runtime/call.ts'

/** A driver that writes down its calls. */
abstract class Noting extends Driver {
  readonly calls: unknown[] = []
}

class Supply extends Noting implements Implementation<typeof Power> {
  static readonly interface = Power
  readonly times: number[] = []

  on() {
    this.calls.push('on')
    this.times.push(performance.now())
  }
  off() {
    this.calls.push('off')
    this.times.push(performance.now())
  }
  *read() {
    try {
      for (let n = 0; ; n++) yield { voltage: n, current: n / 10 }
    } finally {
      this.calls.push('read ended')
    }
  }
}

describe('PowerClient', () => {
  test('is what a driver of its interface gets', async () => {
    await using root = await serve(new CompositeDriver({ power: new Supply() }))
    expect(root.power).toBeInstanceOf(PowerClient)
  })

  test('cycles: off, the wait it is told, on', async () => {
    const supply = new Supply()
    await using power = await serve(supply, { client: PowerClient })
    await power.cycle({ offMs: 150 })
    expect(supply.calls).toEqual(['off', 'on'])
    const [off = 0, on = 0] = supply.times
    expect(on - off).toBeGreaterThanOrEqual(145)
    await power.cycle({ offMs: 0 })
    expect(supply.calls).toEqual(['off', 'on', 'off', 'on'])
  })

  test('does not switch on again when the wait of a cycle is cancelled', async () => {
    const supply = new Supply()
    await using power = await serve(supply, { client: PowerClient })
    const controller = new AbortController()
    const cycle = power.with({ signal: controller.signal }).cycle({ offMs: 60_000 })
    cycle.catch(() => undefined)
    await expect.poll(() => supply.calls).toEqual(['off'])
    controller.abort()
    await expect(cycle).rejects.toThrow(/abort|cancel/)
    expect(supply.calls).toEqual(['off'])
  })

  test('reads as long as it is asked', async () => {
    const supply = new Supply()
    await using power = await serve(supply, { client: PowerClient })
    const readings = []
    for await (const reading of power.read()) {
      readings.push(reading)
      if (readings.length === 3) break
    }
    expect(readings).toEqual([
      { voltage: 0, current: 0 },
      { voltage: 1, current: 0.1 },
      { voltage: 2, current: 0.2 },
    ])
    await expect.poll(() => supply.calls).toEqual(['read ended'])
  })

  const { on, off } = Power.methods
  class Switch extends Driver {
    static readonly interface = { ...Power, methods: { on, off } }
    on() {}
    off() {}
  }
  class Raising extends Switch {
    static override readonly interface = defineInterface({ ...Power, methods: { on, off, read: call<() => void>() } })
    read() {
      throw new Error('cannot')
    }
  }
  class Lacking extends Switch {
    static override readonly interface = Power
  }

  test.each([
    ['no method for it', new Switch(), 'power cannot measure'],
    ['a method that only raises', new Raising(), 'power cannot measure'],
    ['none of what its interface promises', new Lacking(), 'read: Lacking does not implement read()'],
  ])('says so when the driver cannot measure: it has %s', async (_, driver, message) => {
    await using power = await serve(driver, { client: PowerClient })
    await expect(power.read().next()).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      origin: 'board',
      message: expect.stringContaining(message),
    })
    await power.on()
  })

  test('names its place in the tree', async () => {
    await using root = await serve(new CompositeDriver({ board: new CompositeDriver({ power: new Switch() }) }))
    const power = root.children['board']?.children['power'] as PowerClient
    await expect(power.read().next()).rejects.toThrow('board.power cannot measure')
  })

  test('passes on other failures of a measurement', async () => {
    class Burnt extends Supply {
      override *read(): Generator<{ voltage: number; current: number }, void, void> {
        yield { voltage: 5, current: 0 }
        throw new Error('the shunt has burnt')
      }
    }
    await using power = await serve(new Burnt(), { client: PowerClient })
    await expect(Array.fromAsync(power.read())).rejects.toMatchObject({
      code: 'CALL_FAILED',
      message: 'read: the shunt has burnt',
    })
  })
})

test('VirtualPowerClient passes on whether to destroy', async () => {
  class Virtual extends Noting implements Implementation<typeof VirtualPower> {
    static readonly interface = VirtualPower
    on() {
      this.calls.push('on')
    }
    off(destroy?: boolean | null) {
      this.calls.push(['off', destroy])
    }
    *read() {
      yield { voltage: 0, current: 0 }
    }
  }
  const driver = new Virtual()
  await using power = await serve(driver, { client: VirtualPowerClient })
  await power.off()
  await power.off({ destroy: true })
  await power.cycle({ offMs: 0 })
  expect(driver.calls).toEqual([['off', false], ['off', true], ['off', false], 'on'])
  expect(power).toBeInstanceOf(PowerClient)
})

describe('StorageMuxClient', () => {
  class Mux extends Noting implements Implementation<typeof StorageMux> {
    static readonly interface: InterfaceDefinition = StorageMux
    content: Buffer = Buffer.alloc(0)
    failing: string | undefined
    #do(what: string) {
      this.calls.push(what)
      if (this.failing === what) throw new Error(`${what} failed`)
    }
    host() {
      this.#do('host')
    }
    dut() {
      this.#do('dut')
    }
    off() {
      this.#do('off')
    }
    async write(image: ResourceHandle) {
      this.#do('write')
      this.content = await buffer(await this.resource(image))
    }
    async read(image: ResourceHandle) {
      this.#do('read')
      const stream = await this.resource(image)
      stream.end(this.content)
      await once(stream, 'finish')
    }
  }
  class MuxFlasher extends Mux {
    static override readonly interface = StorageMuxFlasher
  }
  const image = Buffer.from('firmware '.repeat(50_000))

  /** A place to dump to. */
  function sink() {
    const chunks: Buffer[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk)
        done()
      },
    })
    return { stream, content: () => Buffer.concat(chunks) }
  }

  test('switches, writes and reads, each when it is told', async () => {
    const driver = new Mux()
    await using storage = await serve(driver, { client: StorageMuxClient })
    await storage.host()
    await storage.write(Readable.from([image]))
    const { stream, content } = sink()
    await storage.read(stream)
    await storage.dut()
    await storage.off()
    expect(driver.calls).toEqual(['host', 'write', 'read', 'dut', 'off'])
    expect(driver.content.equals(image)).toBe(true)
    expect(content().equals(image)).toBe(true)
  })

  test('a file that finds no exporter any more: the error names the driver', async () => {
    await using root = await serve(new CompositeDriver({ mux: new MuxFlasher() }))
    const mux = root.children['mux'] as StorageMuxFlasherClient
    root.node.channel.close()
    await expect(mux.write(image)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringMatching(/^mux\.resource: the connection to .+ is closed$/),
    })
  })

  test('of a flasher goes to the host, writes or reads, and goes to the device', async () => {
    const driver = new MuxFlasher()
    await using storage = await serve(driver, { client: StorageMuxFlasherClient })
    await storage.flash(image)
    expect(driver.calls.splice(0)).toEqual(['host', 'write', 'dut'])
    expect(driver.content.equals(image)).toBe(true)
    const { stream, content } = sink()
    await storage.dump(stream)
    expect(driver.calls).toEqual(['host', 'read', 'dut'])
    expect(content().equals(image)).toBe(true)
  })

  test.each(['write', 'read'] as const)('of a flasher gives the storage back when it fails to %s', async (what) => {
    const driver = new MuxFlasher()
    driver.failing = what
    await using storage = await serve(driver, { client: StorageMuxFlasherClient })
    const run = what === 'write' ? storage.flash(image) : storage.dump(sink().stream)
    await expect(run).rejects.toMatchObject({ code: 'CALL_FAILED', message: `${what}: ${what} failed` })
    expect(driver.calls).toEqual(['host', what, 'dut'])
  })

  test('of a flasher gives the storage back when the file cannot be read', async () => {
    const driver = new MuxFlasher()
    await using storage = await serve(driver, { client: StorageMuxFlasherClient })
    await expect(storage.flash('/nowhere/image.bin')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(driver.calls).toEqual(['host', 'dut'])
  })

  test('of a flasher does nothing else when the host does not get the storage', async () => {
    const driver = new MuxFlasher()
    driver.failing = 'host'
    await using storage = await serve(driver, { client: StorageMuxFlasherClient })
    await expect(storage.flash(image)).rejects.toThrow('host: host failed')
    expect(driver.calls).toEqual(['host'])
  })
})

describe('SerialClient', () => {
  /** A port whose other end the test holds. */
  class Port extends Noting implements Implementation<typeof Serial> {
    static readonly interface = Serial
    readonly lines: PassThrough[] = []
    written = ''

    connect() {
      const fromDevice = new PassThrough()
      this.lines.push(fromDevice)
      const toDevice = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          this.written += chunk.toString()
          done()
        },
      })
      return Duplex.from({ readable: fromDevice, writable: toDevice })
    }
    override close() {
      this.calls.push('close')
      for (const line of this.lines.splice(0)) line.end()
    }
    setDtr(active: boolean) {
      this.calls.push(['dtr', active])
    }
    setRts(active: boolean) {
      this.calls.push(['rts', active])
    }
  }

  test('sets the lines', async () => {
    const port = new Port()
    await using serial = await serve(port, { client: SerialClient })
    await serial.setDtr(true)
    await serial.setRts(false)
    expect(port.calls).toEqual([
      ['dtr', true],
      ['rts', false],
    ])
  })

  test('is a console, from when it is attached', async () => {
    const port = new Port()
    await using serial = await serve(port, { client: SerialClient })
    expect(port.lines).toEqual([])
    await serial.attach()
    expect(port.lines).toHaveLength(1)
    port.lines[0]?.write('login: ')
    expect(await serial.expect('login: ')).toMatchObject({ before: '' })
    await serial.sendLine('root')
    await serial.send('\x03')
    await expect.poll(() => port.written).toBe('root\r\x03')
    expect(serial.all).toBe('login: ')
    expect(port.lines).toHaveLength(1)
  })

  test('closes the port for everybody: the console and other streams end', async () => {
    const port = new Port()
    await using serial = await serve(port, { client: SerialClient })
    await serial.attach()
    const other = await serial.connect()
    const wait = serial.expect('never').catch((failure: unknown) => failure)
    const ended = once(other.resume(), 'end')
    await serial.close()
    await ended
    expect(await wait).toMatchObject({
      code: 'CONSOLE_CLOSED',
      message: expect.stringContaining('Console serial was closed.'),
    })
    expect(port.calls).toEqual(['close'])
  })

  test('waits no longer than with() or the option says', async () => {
    await using serial = await serve(new Port(), { client: SerialClient })
    const expected = { code: 'CONSOLE_TIMEOUT', message: expect.stringContaining('in 50 ms') }
    await expect(serial.with({ timeoutMs: 50 }).expect('x')).rejects.toMatchObject(expected)
    await expect(serial.expect('x', { timeoutMs: 50 })).rejects.toMatchObject(expected)
    await expect(serial.with({ timeoutMs: 60_000 }).expect('x', { timeoutMs: 50 })).rejects.toMatchObject(expected)
    const signal = AbortSignal.timeout(50)
    await expect(serial.with({ signal }).expect('x')).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  })
})

describe('with()', () => {
  const Slow = defineInterface({
    client: 'test.Slow',
    methods: { wait: call<() => void>(), answer: call<() => number>() },
  })
  class SlowDriver extends Noting implements Implementation<typeof Slow> {
    static readonly interface = Slow
    async wait() {
      this.calls.push('wait')
      await once(callSignal(), 'abort')
      this.calls.push('cancelled')
    }
    answer() {
      return 42
    }
  }
  class SlowClient extends DriverClient<typeof Slow> {
    static readonly interface = Slow
    wait() {
      return this.call('wait')
    }
    answer() {
      return this.call('answer')
    }
  }

  test('a time limit ends the call, at the driver too', async () => {
    const driver = new SlowDriver()
    await using slow = await serve(driver, { client: SlowClient })
    await expect(slow.with({ timeoutMs: 100 }).wait()).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      timedOut: true,
      message: expect.stringMatching(/^wait: no answer within 100 ms from /),
    })
    await expect.poll(() => driver.calls).toEqual(['wait', 'cancelled'])
    expect(await slow.with({ timeoutMs: 10_000 }).answer()).toBe(42)
  })

  test('a signal ends the call, at the driver too, and those after it', async () => {
    const driver = new SlowDriver()
    await using slow = await serve(driver, { client: SlowClient })
    const controller = new AbortController()
    const limited = slow.with({ signal: controller.signal })
    const wait = limited.wait()
    wait.catch(() => undefined)
    await expect.poll(() => driver.calls).toEqual(['wait'])
    controller.abort(new Error('enough'))
    await expect(wait).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
      cancelled: true,
      message: 'wait: cancelled (enough)',
    })
    await expect.poll(() => driver.calls).toEqual(['wait', 'cancelled'])
    await expect(limited.answer()).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    expect(await slow.answer(), 'the client itself has no limits').toBe(42)
  })

  test('limits add up, the innermost first', async () => {
    await using slow = await serve(new SlowDriver(), { client: SlowClient })
    const limited = slow.with({ timeoutMs: 60_000 }).with({ signal: AbortSignal.abort() }).with({ timeoutMs: 50 })
    await expect(limited.wait()).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    await expect(slow.with({ timeoutMs: 60_000 }).with({ timeoutMs: 50 }).wait()).rejects.toThrow('within 50 ms')
  })

  test('keeps the class, the place and the children', async () => {
    await using root = await serve(new CompositeDriver({ slow: new SlowDriver() }))
    const limited = root.with({ timeoutMs: 1 })
    expect(limited.children).toBe(root.children)
    expect(limited.node).toBe(root.node)
    await using flasher = await serve(new Supply(), { client: FlasherClient })
    expect(flasher.with({})).toBeInstanceOf(FlasherClient)
  })
})
