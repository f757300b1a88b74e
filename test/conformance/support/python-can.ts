import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'

import { pythonProgram } from '../../../scripts/python-environment.ts'
import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { frameOf } from '../../../src/drivers/can/frame.ts'
import { Can, type CanConfig } from '../../../src/drivers/index.ts'
import { ProcessOutput } from '../../support/process-output.ts'
import { frameLine, randomFrames, wireMessage } from './can-frames.ts'

/**
 * Sends random frames both ways at once between our driver and python-can, and compares those that came.
 *
 * @param channels the serial port of each
 */
export async function exchangeFrames(
  channels: { readonly ours: string; readonly theirs: string },
  count: number,
  config: Partial<CanConfig> = {},
): Promise<void> {
  const folder = await createPrivateFolder()
  const [toSend, received] = [join(folder.path, 'to-send'), join(folder.path, 'received')]
  const [ours, theirs] = [randomFrames(count, 1), randomFrames(count, 2)]
  await writeFile(toSend, theirs.map((frame) => `${frameLine(frame)}\n`).join(''))
  const script = join(import.meta.dirname, 'python_can.py')
  const python = execa(pythonProgram('python'), [script, channels.theirs, toSend, received, String(count)], {
    reject: false,
    buffer: false,
  })
  const output = new ProcessOutput(python)
  const can = new Can({ interface: 'slcan', channel: channels.ours, ...config })
  try {
    await output.prints(/ready/)
    await can.reset()
    python.stdin.write('\n')
    const got: string[] = []
    const send = async () => {
      for (const frame of ours) await can.send(wireMessage(frame))
    }
    const receive = async () => {
      while (got.length < count) {
        const [message] = await can.receive(20)
        if (message === null) break
        got.push(frameLine(frameOf(message)))
      }
    }
    await Promise.all([send(), receive()])
    expect(got, 'the frames of python-can').toEqual(theirs.map(frameLine))
    await output.prints(/done/)
    const lines = (await readFile(received, 'utf8')).split('\n').slice(0, -1)
    expect(lines, 'our frames').toEqual(ours.map(frameLine))
  } finally {
    await can.close()
    python.kill()
    await python
    await folder.remove()
  }
}
