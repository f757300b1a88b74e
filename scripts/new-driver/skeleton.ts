/** The names that a new driver's files and classes have. */
export interface DriverNames {
  /** The name in kebab-case: `usb-hub`. */
  readonly kebab: string
  /** The name of the interface, from which the names of the classes are made: `UsbHub`. */
  readonly pascal: string
}

/** A file of a new driver. */
export interface SkeletonFile {
  /** The path from the root of the repository. */
  readonly path: string
  /** The part that the file has, for people. */
  readonly purpose: string
  readonly text: string
}

/** Makes the files of a new driver: a simulated device with a level that is set and read, to be replaced by the real one. */
export function skeleton(names: DriverNames): readonly SkeletonFile[] {
  const { kebab } = names
  return [
    { path: `src/interfaces/${kebab}.ts`, purpose: 'the methods, and the path of the client', text: contract(names) },
    { path: `src/drivers/${kebab}/${kebab}-driver.ts`, purpose: 'the device and its config', text: driver(names) },
    { path: `src/clients/drivers/${kebab}-client.ts`, purpose: 'the methods that tests call', text: client(names) },
    { path: `test/drivers/${kebab}.test.ts`, purpose: 'a test of all three', text: test(names) },
    {
      path: `test/conformance/${kebab}.test.ts`,
      purpose: 'the tests that every driver has, against the real device',
      text: conformance(names),
    },
  ]
}

function contract({ pascal }: DriverNames): string {
  return `import { call, defineInterface } from './define.ts'

/** A device with a level from 0 to 100 %. */
export const ${pascal} = defineInterface({
  client: 'vitest-hardware/clients#${pascal}Client',
  methods: {
    setLevel: call<(percent: number) => void>({ idempotent: true }),
    getLevel: call<() => number>({ idempotent: true }),
  },
})
`
}

function driver({ kebab, pascal }: DriverNames): string {
  return `import { checkConfig, rules } from '../../base/check.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { ${pascal} } from '../../interfaces/${kebab}.ts'
import { Driver } from '../../runtime/driver.ts'

/** The config of {@link ${pascal}Driver}. */
export interface ${pascal}Config {
  /** The level at the start of a session, in percent (default 0). */
  readonly level?: number | undefined
}

/**
 * A simulated ${kebab}, which keeps the level that a client sets.
 *
 * @example
 * \`\`\`yaml
 * export:
 *   ${kebab}: { type: "vitest-hardware/drivers#${pascal}Driver", config: { level: 20 } }
 * \`\`\`
 */
export class ${pascal}Driver extends Driver implements Implementation<typeof ${pascal}> {
  static readonly interface = ${pascal}
  static readonly configRules = { level: rules.optional(rules.amount) }
  readonly #config: ${pascal}Config
  #level = 0

  /** @throws TypeError with all mistakes of the config */
  constructor(config: ${pascal}Config = {}) {
    super()
    checkConfig(config, ${pascal}Driver.configRules)
    this.#config = config
  }

  override reset() {
    this.#level = this.#config.level ?? 0
  }

  /** @throws RangeError for a level that is not from 0 to 100 */
  setLevel(percent: number) {
    // Clients in other languages can send any value.
    if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100)) {
      throw new RangeError(\`percent is \${JSON.stringify(percent)}; it has to be a number from 0 to 100\`)
    }
    this.#level = percent
    this.logger.info(\`level \${percent} %\`)
  }

  getLevel() {
    return this.#level
  }
}
`
}

function client({ kebab, pascal }: DriverNames): string {
  return `import { ${pascal} } from '../../interfaces/${kebab}.ts'
import { DriverClient } from '../driver-client.ts'

/** Sets and reads the level of a ${kebab}. */
export class ${pascal}Client extends DriverClient<typeof ${pascal}> {
  static readonly interface = ${pascal}

  /**
   * Sets the level.
   *
   * @param percent from 0 to 100
   * @throws HardwareError ARGUMENT_INVALID for another number
   */
  async setLevel(percent: number): Promise<void> {
    await this.call('setLevel', percent)
  }

  /** Reads the level, in percent. */
  level(): Promise<number> {
    return this.call('getLevel')
  }
}
`
}

function test({ pascal }: DriverNames): string {
  return `import { expect, test } from 'vitest'

import { ${pascal}Client } from '../../src/clients/index.ts'
import { ${pascal}Driver } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'

test('a session starts with the level of the config, and keeps the level that a client sets', async () => {
  await using device = await serve(new ${pascal}Driver({ level: 20 }), { client: ${pascal}Client })
  expect(await device.level()).toBe(20)
  await device.setLevel(75)
  expect(await device.level()).toBe(75)
})

test.each([-1, 101, NaN, '50'])('the level %j is refused', async (level) => {
  await using device = await serve(new ${pascal}Driver(), { client: ${pascal}Client })
  await expect(device.setLevel(level as number)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  expect(await device.level()).toBe(0)
})

test('all mistakes of the config are named', () => {
  const config = { level: -1, lever: 1 }
  expect(() => new ${pascal}Driver(config)).toThrow(/^level is -1;.*lever is an unknown key/)
})
`
}

function conformance({ kebab, pascal }: DriverNames): string {
  return `import { ${pascal}Client } from '../../src/clients/index.ts'
import { describeDriver } from '../../src/conformance/index.ts'
import { ${pascal}Driver } from '../../src/drivers/index.ts'
import { ${pascal} } from '../../src/interfaces/index.ts'

describeDriver('${pascal}Driver', () => ({ driver: new ${pascal}Driver({ level: 20 }) }), {
  kind: '${kebab}',
  // The row in docs/drivers.md names what the driver was tested with.
  against: 'no device: the driver simulates it',
  interface: ${pascal},
  client: ${pascal}Client,
  async use(device) {
    await device.setLevel(50)
    await device.level()
  },
  badCalls: [['setLevel', 101]],
})
`
}
