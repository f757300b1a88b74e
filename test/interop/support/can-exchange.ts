import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

import { CanClient } from '../../../src/clients/drivers/can-client.ts'
import { frameLine, randomFrames } from '../../conformance/support/can-frames.ts'
import type { useBothExporters } from './both-exporters.ts'

type BothExporters = ReturnType<typeof useBothExporters>

/** The longest wait for a frame, in milliseconds. */
const timeoutMs = 20_000

/** The type of the drivers. */
export const canType = 'jumpstarter_driver_can.driver.Can'

/** Two drivers on a virtual bus, in the form of an exporter's file. */
export const canEntries = `
  can: { type: ${canType}, config: { interface: virtual, channel: bench } }
  peer: { type: ${canType}, config: { interface: virtual, channel: bench } }
`

const folder = fileURLToPath(new URL('../../conformance/support', import.meta.url))

/** Python code that imports python-can, and the functions for frames as lines of text. */
export const pythonImports = `
import sys
sys.path.insert(0, ${JSON.stringify(folder)})
import can
from can_frames import message, text
`

/** Sends random frames both ways between the two drivers of Jumpstarter's exporter with our client, and compares those that came. */
export async function exchangeOnTheirs(both: BothExporters, count: number): Promise<void> {
  const [can, peer] = [both.find('can', CanClient), both.find('peer', CanClient)]
  for (const [from, to, frames] of [
    [can, peer, randomFrames(count, 3)],
    [peer, can, randomFrames(count, 4)],
  ] as const) {
    for (const frame of frames) await from.send(frame)
    const got: string[] = []
    while (got.length < count) got.push(frameLine(await to.receive({ timeoutMs })))
    expect(got).toEqual(frames.map(frameLine))
  }
}

/** Does the same on our exporter with Python's client. */
export async function exchangeOnOurs(both: BothExporters, count: number): Promise<void> {
  const code = `${pythonImports}
def exchange(sender, receiver, lines):
    for line in lines:
        sender.send(message(line))
    return [text(receiver.recv(${timeoutMs / 1000})) for _ in lines]

result = [exchange(client.can, client.peer, forward), exchange(client.peer, client.can, backward)]`
  const [forward, backward] = [randomFrames(count, 3).map(frameLine), randomFrames(count, 4).map(frameLine)]
  expect(await both.python(code, { forward, backward })).toEqual([forward, backward])
}
