import { type Duplex, duplexPair } from 'node:stream'
import { expect, test } from 'vitest'

import { byteStream, call, defineInterface, Driver, type DriverClient, serve, streaming } from '../../src/index.ts'
import { connect, NetworkClient, SerialClient } from '../../src/clients/index.ts'
import { EchoNetwork } from '../../src/drivers/index.ts'
import { Network, Serial } from '../../src/interfaces/index.ts'
import { CompositeDriver, openSession } from '../../src/runtime/index.ts'

const Board = defineInterface({
  client: 'test.GuardedBoard',
  methods: { hang: call(), tick: streaming<() => number>(), connect: byteStream(), cancelled: call<() => number>() },
})

class BoardDriver extends Driver {
  static readonly interface = Board
  waiting = 0
  async hang() {
    this.waiting++
    await new Promise(() => undefined)
  }
  async *tick() {
    yield 1
    await new Promise(() => undefined)
  }
  connect() {
    return duplexPair()[0]
  }
  cancelled() {
    return this.waiting
  }
}

class SerialDriver extends Driver {
  static readonly interface = Serial
  readonly ends: Duplex[] = []
  connect() {
    const [near, device] = duplexPair()
    this.ends.push(device)
    return near
  }
  override close() {}
  setDtr() {}
  setRts() {}
  print(text: string) {
    for (const end of this.ends) end.write(text)
  }
}

async function serveBoard(guards?: []) {
  const serial = new SerialDriver()
  const other = new SerialDriver()
  const board = new BoardDriver()
  const root = new CompositeDriver({ board, serial, other })
  const session = await openSession({ name: 'guarded', labels: {}, warnings: [], createRoot: () => root })
  const connection = await connect(session.address, { guards })
  const child = (name: string) => connection.root.children[name] as DriverClient
  return {
    serial,
    board,
    clients: { board: child('board'), serial: child('serial') as SerialClient, other: child('other') as SerialClient },
    async [Symbol.asyncDispose]() {
      connection.close()
      await session.close()
    },
  }
}

test('what a console prints fails every wait on the exporter: calls, streamed results, other consoles', async () => {
  await using served = await serveBoard()
  const { board, serial, other } = served.clients
  await Promise.all([serial.attach(), other.attach()])
  const ticks = board.streamingCall('tick')
  expect((await ticks.next()).value).toBe(1)
  const waits = [
    board.call('hang'),
    ticks.next(),
    other.expect('=> ', { timeoutMs: 20_000 }),
    serial.expect('login: ', { timeoutMs: 20_000 }),
  ]
  await expect.poll(() => served.board.waiting).toBe(1)
  served.serial.print('Kernel panic - not syncing: out of memory\n')
  const outcomes = await Promise.allSettled(waits)
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'GUARD_TRIPPED', origin: 'firmware' } })
  }
  const messages = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).message : ''))
  expect(messages[0]).toBe(
    'board.hang: console serial reports a kernel panic: it printed "Kernel panic - not syncing: out of memory"',
  )
  expect(messages[2]).toMatch(/^Console other did not print "=> ": console serial reports a kernel panic/)
  // Later waits are not affected: the board may have been restarted.
  expect(await board.call('cancelled')).toBe(1)
})

test('nothing is watched for where that is turned off', async () => {
  await using served = await serveBoard([])
  const { serial } = served.clients
  await serial.attach()
  const wait = serial.expect('login: ', { timeoutMs: 20_000 })
  served.serial.print('Kernel panic - not syncing\nlogin: ')
  await wait
})

test('a client of one driver alone has the console too', async () => {
  const driver = new SerialDriver()
  await using serial = await serve(driver, { client: SerialClient })
  await serial.attach()
  driver.print('=> ')
  expect((await serial.expect('=> ')).index).toBe(0)
})

test('a network connection is a console as well', async () => {
  await using network = await serve(new EchoNetwork(), { client: NetworkClient })
  await using console = network.console({ lineEnd: '\n' })
  expect(console.name).toBe('network')
  await console.sendLine('hello')
  expect((await console.expect(/^hel+o$/)).text).toBe('hello')
})

test('the console of a network connection has guards, which ignore the echo of what is typed', async () => {
  const [near, device] = duplexPair()
  class BoardNetwork extends Driver {
    static readonly interface = Network
    connect() {
      return near
    }
  }
  await using network = await serve(new BoardNetwork(), { client: NetworkClient })
  await using console = network.console({ lineEnd: '\n' })
  device.once('data', (typed: Buffer) => device.write(typed))
  await console.sendLine('Kernel panic - not syncing: echoed')
  await console.expect('echoed\n')
  const wait = console.expect('never')
  device.write('Kernel panic - not syncing: printed\n')
  await expect(wait).rejects.toMatchObject({ code: 'GUARD_TRIPPED', message: expect.stringContaining('printed') })
})
