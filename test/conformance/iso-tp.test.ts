import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { IsoTpClient } from '../../src/clients/drivers/iso-tp-client.ts'
import { describeDriver } from '../../src/conformance/index.ts'
import type { Frame } from '../../src/drivers/can/frame.ts'
import { IsoTpPython, type IsoTpPythonConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { IsoTp } from '../../src/interfaces/index.ts'
import { createNode } from './support/can-frames.ts'
import { isotpMissing, startControlUnits } from './support/python-isotp.ts'
import { ModelBus, startSlcanAdapter } from './support/slcan-adapter.ts'

const missing = isotpMissing()
const timeoutMs = 20_000
/** For a busy machine. */
const patient = { rx_flowcontrol_timeout: timeoutMs, rx_consecutive_frame_timeout: timeoutMs }
const cleanups = new AsyncDisposableStack()
const bus = new ModelBus()
/** The answers to all messages that were sent: those to a call that was cancelled come later. */
const answers = new Set<string>()
let messages = 0

beforeAll(async () => {
  if (missing !== undefined) return
  const addresses = [{ txid: 0x7e8, rxid: 0x7e0 }]
  cleanups.use(await startControlUnits(bus, { addresses, answers: 'crc' }))
})
afterAll(() => cleanups.disposeAsync())

describeDriver(
  'IsoTpPython',
  async () => {
    const adapter = await startSlcanAdapter(bus)
    const address = { txid: 0x7e0, rxid: 0x7e8 }
    return {
      ...adapter,
      driver: new IsoTpPython({ interface: 'slcan', channel: adapter.path, address, params: patient }),
    }
  },
  {
    kind: 'ISO-TP',
    against: 'can-isotp 2.0, through models of adapters',
    interface: IsoTp,
    client: IsoTpClient,
    timeoutMs,
    skip: missing,
    async use(client) {
      await client.start()
      const message = Buffer.alloc(60, messages++)
      answers.add(crc32(message).toString(16).padStart(8, '0'))
      await client.send(message, { sendTimeoutMs: timeoutMs })
      const answer = await client.receive({ timeoutMs })
      if (!answers.has(answer.toString('hex'))) throw new Error(`the answer is ${answer.toString('hex')}`)
    },
    badCalls: [
      ['send', { data: 7 }],
      ['send', { data: '' }],
      ['send', { data: 'AQ==' }, 2],
      ['send', { data: 'AQ==' }, null, -1],
      ['recv', true, 'soon'],
      ['setAddress', { addressing_mode: 7 }],
      ['setAddress', { tx_addr: { txid: 1 } }],
    ],
  },
)

/** The addresses of this side, one for each mode that can be on a bus with the others. */
const addresses = [
  { addressing_mode: 0, txid: 0x7e0, rxid: 0x7e8 },
  { addressing_mode: 1, txid: 0x1000, rxid: 0x1001 },
  { addressing_mode: 2, target_address: 0x10, source_address: 0xf1 },
  { addressing_mode: 3, txid: 0x6f1, rxid: 0x612, target_address: 0x12, source_address: 0xf1 },
  { addressing_mode: 4, txid: 0x2000, rxid: 0x2001, target_address: 3, source_address: 4 },
  { addressing_mode: 5, txid: 0x101, rxid: 0x102, address_extension: 0x99 },
  { addressing_mode: 6, target_address: 7, source_address: 8, address_extension: 9 },
] as const

const turned = addresses.map(({ addressing_mode, ...address }) => {
  const {
    txid,
    rxid,
    target_address: target,
    source_address: source,
  } = address as IsoTpPythonConfig['address'] & {
    readonly [key: string]: number | undefined
  }
  const other = { ...address, txid: rxid, rxid: txid, target_address: source, source_address: target }
  return { addressing_mode, ...other }
})

describe.skipIf(missing !== undefined)(`can-isotp answers${missing === undefined ? '' : ` (${missing})`}`, () => {
  const units = new AsyncDisposableStack()
  const ownBus = new ModelBus()
  const node = createNode(ownBus)
  let path: string
  beforeAll(async () => {
    const params = { ...patient, blocksize: 5, stmin: 1, tx_padding: 0 }
    units.use(await startControlUnits(ownBus, { addresses: turned, params, answers: 'echo' }))
    path = units.use(await startSlcanAdapter(ownBus)).path
  })
  afterAll(() => units.disposeAsync())

  async function startDriver(address: IsoTpPythonConfig['address']) {
    const params = { ...patient, blocksize: 4, stmin: 2 }
    const driver = new IsoTpPython({ interface: 'slcan', channel: path, bitrate: 500_000, address, params })
    const client = await serve(driver, { client: IsoTpClient })
    await client.start()
    return client
  }

  test('a message of 4,095 bytes, and both keep to the blocks of the other', async () => {
    await using isotp = await startDriver(addresses[0])
    const message = Buffer.from(Array.from({ length: 4_095 }, (_, index) => (7 * index) & 0xff))
    expect(await isotp.request(message, { timeoutMs: 55_000 })).toEqual(Buffer.from(message.toReversed()))
    const { frames } = node
    expect(frames).toHaveLength(2 * (1 + 585) + Math.ceil(585 / 5) + Math.ceil(585 / 4))
    expect(flowsOf(frames, 0x7e8)).toEqual(new Set(['3005010000000000']))
    expect(flowsOf(frames, 0x7e0)).toEqual(new Set(['300402']))
    expect(longestBlock(frames, 0x7e0, 0x7e8)).toBe(5)
    expect(longestBlock(frames, 0x7e8, 0x7e0)).toBe(4)
  })

  test.each(addresses)('with the addressing mode $addressing_mode, on a bus with the others', async (address) => {
    await using isotp = await startDriver(address)
    for (const length of [1, 6, 7, 8, 100]) {
      const message = Buffer.from(Array.from({ length }, (_, index) => index + 1))
      expect(await isotp.request(message, { timeoutMs })).toEqual(Buffer.from(message.toReversed()))
    }
  })
})

/** The flow control that a node has sent, in hex. */
function flowsOf(frames: readonly Frame[], id: number): Set<string> {
  const own = frames.filter((frame) => frame.id === id && frame.data.readUInt8(0) >> 4 === 3)
  return new Set(own.map(({ data }) => data.toString('hex')))
}

/** The most frames of a message that came between two of the receiver. */
function longestBlock(frames: readonly Frame[], sender: number, receiver: number): number {
  let [most, count] = [0, 0]
  for (const { id, data } of frames) {
    const kind = data.readUInt8(0) >> 4
    if (id === receiver && kind === 3) count = 0
    if (id === sender && kind === 2) most = Math.max(most, ++count)
  }
  return most
}
