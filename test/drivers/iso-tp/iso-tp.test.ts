import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { IsoTpClient } from '../../../src/clients/drivers/iso-tp-client.ts'
import { IsoTpPython, type IsoTpPythonConfig } from '../../../src/drivers/index.ts'
import type { IsoTpAddressParts } from '../../../src/drivers/iso-tp/address.ts'
import { serve } from '../../../src/index.ts'
import type { IsoTpAddress } from '../../../src/interfaces/index.ts'
import { bytes, newChannel } from './raw-node.ts'

const limits = { timeoutMs: 20_000 }
/** For a busy machine. */
const patient = { rx_flowcontrol_timeout: 20_000, rx_consecutive_frame_timeout: 20_000 }

type Ends = readonly [IsoTpPythonConfig['address'], IsoTpPythonConfig['address']]

/** Two ends on a bus, which have started. */
async function connectEnds([first, second]: Ends, params: IsoTpPythonConfig['params'] = {}) {
  await using started = new AsyncDisposableStack()
  const channel = newChannel()
  const open = async (address: IsoTpPythonConfig['address']) => {
    const config = { interface: 'virtual', channel, address, params: { ...patient, ...params } } as const
    const end = started.use(await serve(new IsoTpPython(config), { client: IsoTpClient }))
    await end.start()
    return end
  }
  const [one, other] = [await open(first), await open(second)]
  const ends = started.move()
  return { one, other, [Symbol.asyncDispose]: () => ends.disposeAsync() }
}

const normal: Ends = [
  { txid: 0x7e0, rxid: 0x7e8 },
  { txid: 0x7e8, rxid: 0x7e0 },
]

/** Two ends for each addressing mode. */
const modes: readonly (readonly [name: string, ends: Ends])[] = [
  ['normal, 11 bits', normal],
  ['normal, 29 bits', mirrored('Normal_29bits', { txid: 0x18da10f1, rxid: 0x18daf110 })],
  ['normal fixed', mirrored(2, { target_address: 0x10, source_address: 0xf1 })],
  ['normal fixed with ids of its own', mirrored(2, { target_address: 1, source_address: 2, physical_id: 0x10010000 })],
  ['extended, 11 bits', mirrored(3, { txid: 0x6f1, rxid: 0x612, target_address: 0x12, source_address: 0xf1 })],
  ['extended, 29 bits', mirrored('Extended_29bits', { txid: 1, rxid: 2, target_address: 3, source_address: 4 })],
  ['mixed, 11 bits', mirrored(5, { txid: 1, rxid: 2, address_extension: 0x99 })],
  ['mixed, 29 bits', mirrored(6, { target_address: 7, source_address: 8, address_extension: 9 })],
  [
    'another one for each direction',
    [
      { tx_addr: { txid: 1, tx_only: true }, rx_addr: { addressing_mode: 1, rxid: 2, rx_only: true } },
      { tx_addr: { addressing_mode: 1, txid: 2 }, rx_addr: { rxid: 1 } },
    ],
  ],
]

function mirrored(mode: number | string, address: IsoTpAddressParts): Ends {
  const { txid, rxid, target_address: target, source_address: source } = address
  const other = { ...address, txid: rxid, rxid: txid, target_address: source, source_address: target }
  return [
    { addressing_mode: mode, ...address },
    { addressing_mode: mode, ...other },
  ]
}

describe('messages come whole', () => {
  test.each(modes)('with addresses that are %s', async (_name, ends) => {
    await using connected = await connectEnds(ends)
    const { one, other } = connected
    for (const length of [1, 5, 6, 7, 8, 100, 4_095]) {
      await one.send(bytes(length), { sendTimeoutMs: 20_000 })
      expect(await other.receive(limits)).toEqual(bytes(length))
    }
    await other.send(bytes(300))
    expect(await one.receive(limits)).toEqual(bytes(300))
  })

  test('of any length, with any parameters, both ways at once', { timeout: 120_000 }, async () => {
    const lengths = fc.constantFrom(8, 12, 16, 20, 24, 32, 48, 64)
    const params = fc
      .record({
        blocksize: fc.nat(255),
        stmin: fc.constantFrom(0, 0, 1, 0xf1),
        tx_data_length: lengths,
        tx_padding: fc.option(fc.nat(255)),
        tx_data_min_length: fc.option(fc.constantFrom(1, 8, 12, 64)),
      })
      .filter(({ tx_data_length: most, tx_data_min_length: least }) => least === null || least <= most)
    const message = fc.uint8Array({ minLength: 1, maxLength: 500 })
    const ends = fc.constantFrom(...modes.map(([, both]) => both))
    const check = async (both: Ends, chosen: IsoTpPythonConfig['params'], there: Uint8Array, back: Uint8Array) => {
      await using connected = await connectEnds(both, chosen)
      const { one, other } = connected
      await Promise.all([one.send(there, { sendTimeoutMs: 20_000 }), other.send(back, { sendTimeoutMs: 20_000 })])
      expect(await other.receive(limits)).toEqual(Buffer.from(there))
      expect(await one.receive(limits)).toEqual(Buffer.from(back))
    }
    await fc.assert(fc.asyncProperty(ends, params, message, message, check), { numRuns: 60, seed: 7 })
  })

  test('of more than 4,095 bytes, if the receiver takes them', async () => {
    await using connected = await connectEnds(normal, { max_frame_size: 10_000 })
    const { one, other } = connected
    await one.send(bytes(9_000), { sendTimeoutMs: 20_000 })
    expect(await other.receive(limits)).toEqual(bytes(9_000))
  })

  test('one after another, as they were sent', async () => {
    await using connected = await connectEnds(normal)
    const { one, other } = connected
    const lengths = Array.from({ length: 20 }, (_, index) => 1 + 13 * index)
    for (const length of lengths) await one.send(bytes(length))
    for (const length of lengths) expect(await other.receive(limits)).toEqual(bytes(length))
    expect(await one.transmitting()).toBe(false)
    expect(await other.available()).toBe(false)
  })

  test('to an address that was changed', async () => {
    await using connected = await connectEnds(normal)
    const { one, other } = connected
    const missing = { target_address: null, source_address: null, physical_id: null, functional_id: null }
    const rest = { ...missing, addressing_mode: 0, address_extension: null, rx_only: false, tx_only: false }
    const address = (txid: number, rxid: number): IsoTpAddress => ({ ...rest, txid, rxid })
    await one.setAddress(address(1, 2))
    await other.setAddress(address(2, 1))
    await one.send(bytes(50))
    expect(await other.receive(limits)).toEqual(bytes(50))
    await expect(one.setAddress(address(0x800, 2))).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('address.txid is 2048'),
    })
  })

  test('to all receivers, if they have room in one frame', async () => {
    await using connected = await connectEnds(mirrored(2, { target_address: 0x33, source_address: 0xf1 }))
    const { one, other } = connected
    await one.send(bytes(7), { isFunctional: true })
    expect(await other.receive(limits)).toEqual(bytes(7))
    await expect(one.send(bytes(8), { isFunctional: true })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('at most 7 bytes, not 8'),
    })
  })
})

test('a connection that has not been started, or was stopped, says so', async () => {
  const config = { interface: 'virtual', channel: newChannel(), address: { txid: 1, rxid: 2 } } as const
  await using end = await serve(new IsoTpPython(config), { client: IsoTpClient })
  const expected = { code: 'NOT_READY', origin: 'test', message: expect.stringContaining('call start()') }
  await expect(end.send([1])).rejects.toMatchObject(expected)
  await expect(end.receive(limits)).rejects.toMatchObject(expected)
  expect([await end.available(), await end.transmitting()]).toEqual([false, false])
  await end.start()
  await end.start()
  const waiting = end.receive(limits).catch((error: unknown) => error)
  await end.available()
  await end.stop()
  expect(await waiting).toMatchObject({ code: 'NOT_READY', origin: 'test' })
})

describe('a config of IsoTpPython', () => {
  test.each([
    [{}, ['interface is missing', 'channel is missing', 'address is missing']],
    [{ address: { addressing_mode: 7 } }, ['address.addressing_mode is 7; it has to be one of 0 (Normal_11bits)']],
    [{ address: { txid: 5 } }, ['address.rxid is missing']],
    [{ address: { txid: 0x800, rxid: 1 } }, ['address.txid is 2048; it has to be a whole number from 0 to 2047']],
    [{ address: { txid: 5, rxid: 5 } }, ['address.txid is 5, and so is rxid']],
    [{ address: { addressing_mode: 2, txid: 5 } }, ['address.target_address is missing', 'address.source_address']],
    [{ address: { tx_addr: { txid: 1 } } }, ['address.rx_addr is no address to receive with']],
    [
      { address: { tx_addr: {}, rx_addr: { id: 1 } } },
      ['address.tx_addr.txid', 'address.rx_addr.id is an unknown key'],
    ],
    [{ address: { txid: 1, rxid: 2, rx_only: true } }, ['address.rx_only needs an object']],
    [
      { params: { stmin: 200, blocksize: 256, tx_data_length: 9, block_size: 1 } },
      ['params.stmin is 200', 'params.blocksize', 'params.tx_data_length', 'params.block_size is an unknown key'],
    ],
    [{ params: { tx_data_min_length: 12 } }, ['params.tx_data_min_length is above']],
    [{ params: { rate_limit_max_bitrate: 100 } }, ['has no room for one frame']],
    [{ interface: 'virtual', bitrate: 500_000 }, ['bitrate has no meaning']],
  ])('%j is refused', (config, mistakes) => {
    for (const mistake of mistakes)
      expect(() => new IsoTpPython(config as unknown as IsoTpPythonConfig)).toThrow(mistake)
  })
})
