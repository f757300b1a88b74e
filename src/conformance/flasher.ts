import { assert } from 'vitest'

import { FlasherClient } from '../clients/drivers/flasher-client.ts'
import { Flasher } from '../interfaces/flasher.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver } from './device.ts'
import { testBytes } from './echo.ts'
import { registerFileTests } from './file-tests.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { Suite } from './suite.ts'

/** The size of the default image: 10 MiB. */
const imageBytes = 10 * 1024 * 1024

/** The size of the default image of a short use. */
const shortImageBytes = 65_536

/** Options of {@link describeFlasher}. A device that cannot be read back lacks `dump`; one that takes every image lacks `badImage`. */
export interface FlasherConformance extends ConformanceOptions<'dump' | 'badImage'> {
  /** An image that the device takes (default: 10 MiB of bytes). */
  readonly image?: Uint8Array | undefined
  /** Bytes that are no image for the device. */
  readonly badImage?: Uint8Array | undefined
  /** Compares an image with what was read back, for devices that give another form of it (default: byte for byte). */
  readonly isSame?: ((image: Uint8Array, dump: Uint8Array) => boolean) | undefined
  /** The part of the device, if it has several. */
  readonly target?: string | undefined
}

/**
 * Tests a driver of the interface `Flasher`: images there and back, images that are cut off, cancelled or wrong, and everything else
 * that every driver has to stand.
 *
 * @param name the name of the driver in titles and reports
 * @example
 * ```ts
 * describeFlasher('MyProgrammer', () => ({ driver: new MyProgrammer({ port: '/dev/ttyACM0' }) }), {
 *   image: readFileSync('firmware.bin'),
 *   lacks: { dump: 'the chip is read-protected', badImage: 'the boot loader takes all bytes' },
 * })
 * ```
 */
export function describeFlasher(name: string, create: CreateDriver, options: FlasherConformance = {}): void {
  const { target, badImage, isSame } = options
  const content = options.image ?? testBytes(imageBytes)
  const short = options.image ?? testBytes(shortImageBytes)
  const definition = {
    kind: 'flasher',
    contract: Flasher,
    Client: FlasherClient,
    usesAtOnce: 4,
    badCalls: [
      ['flash', 'no handle'],
      ['flash', { kind: 'client_stream', uuid: 'unknown' }],
      ['dump', null],
    ],
    use: (client: FlasherClient) => client.flash(short, { target }),
  } as const
  const suite = new Suite<FlasherClient>(definition, name, create, options)

  suite.describe(() => {
    suite.test(
      'refuses what is no image, and goes on',
      async ({ client, notTested }) => {
        if (badImage === undefined) return notTested('there is no option badImage')
        const outcome = await outcomeOf('the flash of a wrong image', suite.options.timeoutMs, client.flash(badImage))
        const message = `a wrong image has to end with IMAGE_INVALID or ARGUMENT_INVALID; ${describeOutcome(outcome)}`
        assert(failedWith(outcome, 'IMAGE_INVALID', 'ARGUMENT_INVALID'), message)
        await definition.use(client)
      },
      'badImage',
    )

    registerFileTests(suite, {
      readAbility: 'dump',
      write: (client, source) => client.flash(source, { target }),
      read: (client, into) => client.dump(into, { target }),
      content,
      shorter: short,
      isSame,
    })
    registerCommonTests(suite)
  })
}
