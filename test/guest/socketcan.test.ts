import { createRequire } from 'node:module'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

import { CanClient } from '../../src/clients/drivers/can-client.ts'
import { toMessage } from '../../src/clients/drivers/can-frame.ts'
import { describeCan } from '../../src/conformance/index.ts'
import { type Frame, frameOf } from '../../src/drivers/can/frame.ts'
import { openRawChannel, type RawFrame } from '../../src/drivers/can/socketcan/raw-channel.ts'
import { Can } from '../../src/drivers/index.ts'
import { serve } from '../../src/serve.ts'
import { ProcessOutput } from '../support/process-output.ts'
import { missingCommand, reasonToSkip } from '../support/system-part.ts'
import { untilSucceeds } from '../support/until-succeeds.ts'
import { outsideOfGuest } from './support/in-guest.ts'
import { addBus } from './support/vcan.ts'

const skip = outsideOfGuest() ?? missingCommand('ip', 'candump', 'cangen', 'cansend') ?? missingPackage()

/** The package is native, so that an installation of this project does not wait for its compiler. */
function missingPackage(): string | undefined {
  try {
    createRequire(import.meta.url).resolve('socketcan')
    return undefined
  } catch {
    return reasonToSkip('the package socketcan (npm install --no-save socketcan)')
  }
}

let buses = 0

describeCan(
  'Can (socketcan)',
  async () => {
    const bus = await addBus(`vcan${buses++}`)
    const frames: Frame[] = []
    const open = async () => {
      const channel = await openRawChannel(bus.name)
      channel.addListener('onMessage', ({ id, ext = false, rtr = false, data }: RawFrame) =>
        frames.push(
          frameOf(toMessage({ id, isExtended: ext, isRemote: rtr, ...(rtr ? { length: data.length } : { data }) })),
        ),
      )
      channel.start()
      return channel
    }
    let peer = await open()
    return {
      driver: new Can({ interface: 'socketcan', channel: bus.name }),
      sendFrame(frame) {
        const { id, isExtended: ext, isRemote: rtr, length, data } = frameOf(toMessage(frame))
        peer.send({ id, ext, rtr, data: rtr ? Buffer.alloc(length) : data })
      },
      receivedFrames: () => frames,
      interrupt: () => bus.remove(),
      async restore() {
        await bus.add()
        peer = await open()
      },
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    }
  },
  { against: "the kernel's virtual bus", skip, lacks: { fd: 'the package tells no short frame of CAN FD' } },
)

/** Writes down all frames of a bus with can-utils. @param probe sends the frame 7FF */
async function startDump(bus: string, probe: () => Promise<void>) {
  const dump = execa('candump', ['-L', bus], { reject: false, buffer: false })
  const output = new ProcessOutput(dump)
  // It does not say that it listens.
  await untilSucceeds('a frame in the dump', async () => {
    await probe()
    await output.prints(/7FF#/, 500)
  })
  return {
    prints: (text: string | RegExp) => output.prints(text),
    /** The frames so far, as candump writes them. */
    frames: () =>
      Array.from(output.stdout.matchAll(/^\(.*?\) \S+ (?<frame>\S+)/gm), ({ groups }) => groups?.['frame'] ?? ''),
    [Symbol.asyncDispose]: async () => {
      dump.kill()
      await dump
    },
  }
}

describe.skipIf(skip !== undefined)('an interface of SocketCAN', () => {
  test('has the frames of can-utils in order, and can-utils has ours', async () => {
    await using bus = await addBus('vcan100')
    await using can = await serve(new Can({ interface: 'socketcan', channel: bus.name }), { client: CanClient })
    await using dump = await startDump(bus.name, () => can.send({ id: 0x7ff }))
    const count = 100
    const generators = [[], ['-e'], ['-R']].map((kind) =>
      execa('cangen', [bus.name, ...kind, '-g', '3', '-n', String(count), '-I', 'r', '-L', 'r', '-D', 'r']),
    )
    const received: string[] = []
    const receive = async () => {
      while (received.length < generators.length * count) {
        received.push(lineOf(await can.receive({ timeoutMs: 60_000 })))
      }
    }
    const send = async () => {
      for (let index = 0; index < count; index++) await can.send({ id: 0x1234_5678, isExtended: true, data: [index] })
    }
    await Promise.all([receive(), send(), ...generators])
    await can.send({ id: 0x7fe, data: [1, 2, 3] })
    await dump.prints('7FE#010203')
    const isOurs = (line: string) => line.startsWith('12345678#') || line === '7FF#' || line === '7FE#010203'
    const frames = dump.frames()
    expect(frames.filter((line) => line.startsWith('12345678#'))).toEqual(
      Array.from({ length: count }, (_, index) => `12345678#${hex(index, 2)}`),
    )
    expect(received).toEqual(frames.filter((line) => !isOurs(line)))
  })

  test('carries the long frames of CAN FD', async () => {
    await using bus = await addBus('vcan101')
    await using can = await serve(new Can({ interface: 'socketcan', channel: bus.name }), { client: CanClient })
    await using dump = await startDump(bus.name, () => can.send({ id: 0x7ff }))
    const data = Array.from({ length: 64 }, (_, index) => 255 - index)
    await can.send({ id: 0x123, isFd: true, bitrateSwitch: true, data })
    const text = Buffer.from(data).toString('hex').toUpperCase()
    // Newer kernels mark all frames of CAN FD with the flag 4.
    await dump.prints(new RegExp(`123##[15]${text}`))
    await execa('cansend', [bus.name, `321##0${text}`])
    expect(await can.receive()).toMatchObject({ id: 0x321, isFd: true, data: Buffer.from(data) })
    await bus.set('down')
    await bus.set('mtu', '16')
    await bus.set('up')
    await expect(can.send({ id: 0x123, isFd: true, data })).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('the CAN interface vcan101: has no CAN FD: sudo ip link set vcan101 mtu 72'),
    })
    await can.send({ id: 0x124, data: [1] })
  })

  test('that is down says how it is brought up, and goes on', async () => {
    await using bus = await addBus('vcan102')
    await using can = await serve(new Can({ interface: 'socketcan', channel: bus.name }), { client: CanClient })
    await can.send({ id: 1 })
    await bus.set('down')
    await expect(can.send({ id: 2 })).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('the CAN interface vcan102: is down: sudo ip link set vcan102 up'),
    })
    expect(await Can.check({ interface: 'socketcan', channel: bus.name })).toMatchObject([
      { isMet: false, found: 'is down' },
    ])
    await bus.set('up')
    await can.send({ id: 3 })
    expect(await Can.check({ interface: 'socketcan', channel: bus.name })).toMatchObject([{ isMet: true }])
  })
})

/** A frame as candump writes it. */
function lineOf({ id, isExtended, isRemote, data, length }: Awaited<ReturnType<CanClient['receive']>>): string {
  const name = isExtended ? hex(id, 8) : hex(id, 3)
  if (isRemote) return `${name}#R${length === 0 ? '' : length}`
  return `${name}#${Buffer.from(data).toString('hex').toUpperCase()}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
