import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'

import { pythonProgram } from '../../scripts/python-environment.ts'
import { appAddress, esp32Image, espHeader, missingEsptool, startEsp32Board } from '../support/loaders/esp32-board.ts'
import { missingCommand } from '../support/system-part.ts'
import { driverCells, useBothExporters } from './support/both-exporters.ts'
import { pythonMissing } from './support/python.ts'

const { theirCell } = driverCells({
  'Flasher, esptool and a model of an ESP32': 'vitest-hardware/drivers#CommandFlasher',
})

const missing = pythonMissing() ?? missingEsptool() ?? missingCommand('socat')

describe.skipIf(missing !== undefined)(`CommandFlasher${missing === undefined ? '' : ` (${missing})`}`, () => {
  let board: Awaited<ReturnType<typeof startEsp32Board>> | undefined
  const both = useBothExporters(async ({ peers }) => {
    board = peers.use(await startEsp32Board())
    // The board is in its loader all the time.
    board.board.power().on()
    const config = {
      ...{ tool: 'esptool', program: pythonProgram('esptool'), chip: 'esp32', port: board.board.path },
      ...{ address: `0x${appAddress.toString(16)}`, args: ['--no-stub'], enter: [{ wait: 0 }], leave: [{ wait: 0 }] },
    }
    const entry = JSON.stringify({ type: 'vitest-hardware/drivers#CommandFlasher', config })
    return {
      entries: '  power: { type: jumpstarter_driver_power.driver.MockPower }\n',
      ourEntries: `  flasher: ${entry}\n`,
    }
  })

  theirCell('Flasher, esptool and a model of an ESP32', async () => {
    const { flash } = board?.loader ?? expect.unreachable('there is no board')
    const image = Buffer.concat([esp32Image, randomBytes(2_000)])
    const at = (name: string) => join(both.folder(), name)
    const [path, wrong, dump] = [at('image'), at('wrong'), at('dump')]
    writeFileSync(path, image)
    writeFileSync(wrong, Buffer.concat([espHeader(9), image]))
    const code = `
client.flasher.flash(path)
client.flasher.dump(dump)
result = [type(client.flasher).__name__, open(dump, "rb").read().hex()]`
    expect(await both.python(code, { path, dump })).toEqual(['FlasherClient', flash.toString('hex')])
    expect(flash.subarray(appAddress, appAddress + image.length).equals(image)).toBe(true)
    const wrongCode = `
try:
    client.flasher.flash(path)
except BaseExceptionGroup as group:
    result = [str(error) for error in group.exceptions]`
    expect(await both.python(wrongCode, { path: wrong })).toEqual([
      expect.stringContaining('The image is for esp32s3; the board has esp32'),
    ])
  })
})
