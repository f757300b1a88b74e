import { describe, expect, test } from 'vitest'

import { FlasherClient } from '../../src/clients/index.ts'
import type { CommandFlasherConfig } from '../../src/drivers/index.ts'
import { type ErrorCode, type ErrorOrigin, serve } from '../../src/index.ts'
import { missingEsptool } from '../support/loaders/esp32-board.ts'
import { processesWithArgument } from '../support/process-by-argument.ts'
import { missingCommand } from '../support/system-part.ts'
import { type FlashBench, flashBenches } from './support/flash-benches.ts'

/** The limit of a flash with a tool that hangs, in seconds: three times what a flash takes. */
const hangLimit = 12
/** The longest that a fault may last, in milliseconds: the limit, the way to the safe state, and a busy machine. */
const longestMs = 60_000

type Tool = keyof typeof flashBenches

/** The end that a fault has to have. */
type End = readonly [ErrorCode, ErrorOrigin]

/** A fault of a flash. */
interface Fault {
  readonly name: string
  readonly config?: Partial<CommandFlasherConfig>
  /** Makes the fault. @returns the image to flash */
  readonly make: (bench: FlashBench) => Uint8Array
  readonly end: (tool: Tool) => End
  /** True if nothing may be written. */
  readonly isHarmless?: boolean
}

const signalTool = (bench: FlashBench, signal: NodeJS.Signals) => {
  for (const pid of processesWithArgument(bench.argument).keys()) process.kill(pid, signal)
}

const faults: readonly Fault[] = [
  {
    name: 'a tool that is killed',
    make(bench) {
      bench.onWrite(() => signalTool(bench, 'SIGKILL'))
      return bench.image
    },
    end: () => ['DEVICE_IO', 'lab'],
  },
  {
    name: 'a board that is unplugged',
    make(bench) {
      bench.onWrite(() => bench.pull())
      return bench.image
    },
    end: () => ['DEVICE_IO', 'lab'],
  },
  {
    name: 'no room for the image',
    make: (bench) => bench.fill(),
    end: (tool) => (tool === 'uf2' ? ['DEVICE_IO', 'lab'] : ['IMAGE_INVALID', 'test']),
  },
  {
    name: 'a wrong image',
    make: (bench) => bench.wrongImage,
    end: () => ['IMAGE_INVALID', 'test'],
    isHarmless: true,
  },
  {
    name: 'a wrong board',
    make(bench) {
      bench.swap(true)
      return bench.image
    },
    end: () => ['WRONG_BOARD', 'board'],
    isHarmless: true,
  },
  {
    name: 'a tool that hangs',
    config: { timeout: hangLimit },
    make(bench) {
      bench.onWrite(() => signalTool(bench, 'SIGSTOP'))
      return bench.image
    },
    end: () => ['CALL_TIMEOUT', 'board'],
  },
]

const missing: Readonly<Record<Tool, string | undefined>> = {
  avrdude: missingCommand('avrdude', 'socat'),
  esptool: missingEsptool() ?? missingCommand('socat'),
  stm32flash: missingCommand('stm32flash', 'socat'),
  uf2: missingCommand('mkfifo'),
}

describe.for(Object.keys(flashBenches) as Tool[])('a flash with %s', (tool) => {
  test.skipIf(missing[tool] !== undefined).for(faults)(
    'ends in time with the right blame, and the next lease flashes again, after $name',
    async ({ config, make, end, isHarmless = false }) => {
      await using bench = await flashBenches[tool]()
      const image = make(bench)
      const [code, origin] = end(tool)
      const startedAt = performance.now()
      {
        await using client = await serve(bench.flasher(config), { client: FlasherClient })
        await expect(client.flash(Buffer.from(image))).rejects.toMatchObject({ code, origin })
        // The safe state: the tests' boards have power only while they are flashed, and afterwards if that succeeded.
        expect(bench.isOn).toBe(false)
      }
      expect(performance.now() - startedAt).toBeLessThan(longestMs)
      expect(processesWithArgument(bench.argument)).toEqual(new Map())
      expect(bench.isUntouched || !isHarmless).toBe(true)
      expect(await bench.hasImage()).toBe(false)

      bench.onWrite(undefined)
      bench.swap(false)
      await bench.restore()
      await using client = await serve(bench.flasher(), { client: FlasherClient })
      await client.flash(Buffer.from(bench.image))
      expect(await bench.hasImage()).toBe(true)
      expect(bench.isOn).toBe(true)
    },
  )
})

test('a drive that never comes is the fault of the lab', async () => {
  await using bench = await flashBenches.uf2()
  await using client = await serve(bench.flasher({ enter: [] }), { client: FlasherClient })
  await expect(client.flash(Buffer.from(bench.image))).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    details: { isAway: true },
  })
})
