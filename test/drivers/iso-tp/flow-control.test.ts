import { describe, expect, test } from 'vitest'

import { IsoTpClient } from '../../../src/clients/drivers/iso-tp-client.ts'
import { IsoTpPython, type IsoTpPythonConfig } from '../../../src/drivers/index.ts'
import { serve } from '../../../src/index.ts'
import { bytes, newChannel, RawNode } from './raw-node.ts'

const limits = { timeoutMs: 20_000 }
const patiently = { timeout: 20_000 }
const sending = { sendTimeoutMs: 20_000 }

/** An end with the address 7e0 → 7e8, and a node that speaks by hand. */
async function startEnd(params: IsoTpPythonConfig['params'] = {}) {
  await using started = new AsyncDisposableStack()
  const channel = newChannel()
  const node = started.use(await RawNode.open(channel))
  const driver = new IsoTpPython({
    interface: 'virtual',
    channel,
    address: { txid: 0x7e0, rxid: 0x7e8 },
    params: { rx_flowcontrol_timeout: 20_000, rx_consecutive_frame_timeout: 20_000, ...params },
  })
  const end = started.use(await serve(driver, { client: IsoTpClient }))
  const warnings: string[] = []
  driver.logger.connect(({ message }) => warnings.push(message))
  await end.start()
  const all = started.move()
  return { node, end, warnings, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** A node that lets the sender go on after the first frame and after each block. */
function allow(node: RawNode, blockSize: number, separation: string) {
  const flow = `7e8#30${blockSize.toString(16).padStart(2, '0')}${separation}`
  let inBlock = 0
  node.answer = (text) => {
    if (text.startsWith('7e0#1')) void node.send(flow)
    else if (++inBlock === blockSize) {
      inBlock = 0
      void node.send(flow)
    }
  }
}

/** The least time between two frames that follow one another, in milliseconds. The first frame is not counted. */
function leastGapMs({ timesMs }: RawNode): number {
  const times = timesMs.slice(1)
  return Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))
}

describe('a sender', () => {
  test('sends the frames of the standard', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    allow(node, 0, '00')
    await end.send([0x22, 0xf1, 0x90], sending)
    await end.send(bytes(20), sending)
    expect(node.frames).toEqual([
      '7e0#0322f190',
      '7e0#1014000102030405',
      '7e0#21060708090a0b0c',
      '7e0#220d0e0f10111213',
    ])
  })

  test('pads frames to eight bytes, as the parameters say', async () => {
    await using connected = await startEnd({ tx_padding: 0x55 })
    const { node, end } = connected
    allow(node, 0, '00')
    await end.send([1], sending)
    await end.send(bytes(14), sending)
    expect(node.frames).toEqual([
      '7e0#0101555555555555',
      '7e0#100e000102030405',
      '7e0#21060708090a0b0c',
      '7e0#220d555555555555',
    ])
  })

  test.each([
    ['01', 1],
    ['05', 5],
    ['f1', 0.1],
    ['f9', 0.9],
  ])('keeps the separation time %s, also from one block to the next', async (separation, gapMs) => {
    await using connected = await startEnd()
    const { node, end } = connected
    allow(node, 3, separation)
    await end.send(bytes(300), sending)
    expect(node.frames).toHaveLength(1 + Math.ceil((300 - 6) / 7))
    expect(leastGapMs(node)).toBeGreaterThanOrEqual(gapMs)
  })

  test('takes a reserved separation time for the longest one', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    allow(node, 0, '80')
    await end.send(bytes(20), sending)
    expect(leastGapMs(node)).toBeGreaterThanOrEqual(127)
  })

  test('keeps its own separation time in place of the receiver’s', async () => {
    await using connected = await startEnd({ override_receiver_stmin: 0.02 })
    const { node, end } = connected
    allow(node, 0, '00')
    await end.send(bytes(30), sending)
    expect(leastGapMs(node)).toBeGreaterThanOrEqual(20)
  })

  test('sends no more than a block before it has flow control', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    const sent = end.send(bytes(60), sending)
    for (const count of [1, 3, 5, 9]) {
      await expect.poll(() => node.frames.length, patiently).toBe(count)
      // A frame too many would be there by now.
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(node.frames).toHaveLength(count)
      if (count < 9) await node.send(count === 5 ? '7e8#300000' : '7e8#300200')
    }
    await sent
  })

  test('waits as often as wftmax allows', async () => {
    await using connected = await startEnd({ wftmax: 2 })
    const { node, end } = connected
    node.answer = async (text) => {
      if (!text.startsWith('7e0#1')) return
      for (const answer of ['7e8#310000', '7e8#310000', '7e8#300000']) await node.send(answer)
    }
    await end.send(bytes(10), sending)
    node.answer = async () => {
      for (let n = 0; n < 3; n++) await node.send('7e8#310000')
    }
    await expect(end.send(bytes(10), sending)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringContaining('asks to wait more than 2 times'),
    })
  })

  test('stops when the receiver has no room', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    node.answer = () => void node.send('7e8#320000')
    await expect(end.send(bytes(100), sending)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringContaining('no room for a message of 100 bytes'),
    })
    expect(node.frames).toHaveLength(1)
  })

  test('tells that no flow control comes, to the call or to the log', async () => {
    await using connected = await startEnd({ rx_flowcontrol_timeout: 50 })
    const { node, end, warnings } = connected
    await expect(end.send(bytes(100), sending)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'board',
      message: expect.stringContaining('The receiver of 7e0 sent no flow control within 50 ms'),
    })
    await end.send(bytes(100))
    await expect
      .poll(() => warnings, patiently)
      .toEqual([expect.stringMatching(/Could not send .*no flow control within/)])
    expect(node.frames).toHaveLength(2)
  })

  test('ends a message when its time is over, or it is stopped, and sends the next one', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    await expect(end.send(bytes(100), { sendTimeoutMs: 50 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    const stopped = errorOf(end.send(bytes(100), sending))
    await expect.poll(() => node.frames.length, patiently).toBe(2)
    expect(await end.transmitting()).toBe(true)
    await end.stopSending()
    expect(await stopped).toMatchObject({ code: 'CALL_CANCELLED' })
    await end.send([1], sending)
    expect(node.frames.at(-1)).toBe('7e0#0101')
    expect(await end.transmitting()).toBe(false)
  })

  test('sends nothing in listen mode', async () => {
    await using connected = await startEnd({ listen_mode: true })
    const { node, end } = connected
    await expect(end.send([1])).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED', origin: 'lab' })
    for (const frame of ['7e8#1008000102030405', '7e8#210607']) await node.send(frame)
    expect(await end.receive(limits)).toEqual(bytes(8))
    expect(node.frames).toEqual([])
  })

  test('keeps to its bits a second', async () => {
    const rate = { rate_limit_enable: true, rate_limit_max_bitrate: 6_400, rate_limit_window_size: 0.01 }
    await using connected = await startEnd(rate)
    const { node, end } = connected
    allow(node, 0, '00')
    await end.send(bytes(6 + 20 * 7), sending)
    const [first = 0, last = 0] = [node.timesMs[0], node.timesMs.at(-1)]
    // 20 frames with 64 bits each need 200 ms; one of them is saved up.
    expect(last - first).toBeGreaterThanOrEqual(185)
  })
})

describe('a receiver', () => {
  test('answers with its block size and separation time', async () => {
    await using connected = await startEnd({ blocksize: 2, stmin: 0xf3 })
    const { node, end } = connected
    await node.send('7e8#101d000102030405')
    for (const frame of ['21060708090a0b0c', '220d0e0f10111213', '231415161718191a', '241b1c']) {
      await node.send(`7e8#${frame}`)
    }
    expect(await end.receive(limits)).toEqual(bytes(29))
    expect(node.frames).toEqual(['7e0#3002f3', '7e0#3002f3'])
  })

  test.each([
    ['a frame is missing', ['22060708090a0b0c'], 'frame 2 came in place of 1'],
    ['a frame is too short', ['210607'], 'frame 1 has 2 bytes in place of 7'],
  ])('tells why a message broke off: %s', async (_name, frames, reason) => {
    await using connected = await startEnd()
    const { node, end } = connected
    const broken = errorOf(end.receive(limits))
    // The calls of a client arrive in their order.
    await end.available()
    await node.send('7e8#1014000102030405')
    for (const frame of frames) await node.send(`7e8#${frame}`)
    expect(await broken).toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringContaining(`A message broke off after 6 of 20 bytes: ${reason}`),
    })
    await node.send('7e8#0107')
    expect(await end.receive(limits)).toEqual(Buffer.of(7))
  })

  test('tells that a message does not go on', async () => {
    await using connected = await startEnd({ rx_consecutive_frame_timeout: 50 })
    const { node, end, warnings } = connected
    const broken = errorOf(end.receive(limits))
    // The calls of a client arrive in their order.
    await end.available()
    await node.send('7e8#1014000102030405')
    expect(await broken).toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'board',
      message: expect.stringContaining('broke off after 6 of 20 bytes: no frame came within 50 ms'),
    })
    expect(warnings).toEqual([expect.stringContaining('broke off after 6 of 20 bytes')])
  })

  test('refuses a message that is too long', async () => {
    await using connected = await startEnd({ max_frame_size: 100 })
    const { node, end, warnings } = connected
    await node.send('7e8#1065000102030405')
    await expect.poll(() => node.frames, patiently).toEqual(['7e0#320800'])
    expect(warnings).toEqual([expect.stringContaining('of 101 bytes was refused: max_frame_size of the config is 100')])
    await node.send('7e8#0107')
    expect(await end.receive(limits)).toEqual(Buffer.of(7))
  })

  test('goes on with a new message when one is left unfinished', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    for (const frame of ['1014000102030405', '1008000102030405', '210607', '1014000102030405', '0109']) {
      await node.send(`7e8#${frame}`)
    }
    expect(await end.receive(limits)).toEqual(bytes(8))
    expect(await end.receive(limits)).toEqual(Buffer.of(9))
  })

  test('ignores frames that are none of ISO-TP, of others, or out of place, and tells it once', async () => {
    await using connected = await startEnd()
    const { node, end, warnings } = connected
    const strange = ['7e8#', '7e8#00', '7e8#0501', '7e8#10', '7e8#1003000102030405', '7e8#40', '7e8#30', '7e8#3f0000']
    const outOfPlace = ['7e8#2101', '7e8#2101', '7e8#300000', '7e8#300000']
    for (const frame of [...strange, ...outOfPlace, '7e0#0101', '000007e8#0101', '7e8#0107']) await node.send(frame)
    expect(await end.receive(limits)).toEqual(Buffer.of(7))
    expect(await end.available()).toBe(false)
    expect(warnings).toHaveLength(strange.length + 2)
    expect(node.frames).toEqual([])
  })

  test('drops the message that is coming when it is told to', async () => {
    await using connected = await startEnd()
    const { node, end } = connected
    await node.send('7e8#1008000102030405')
    await end.stopReceiving()
    for (const frame of ['7e8#210607', '7e8#0107']) await node.send(frame)
    expect(await end.receive(limits)).toEqual(Buffer.of(7))
  })
})

/** Waits for the error of a call. */
async function errorOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    return error
  }
}
