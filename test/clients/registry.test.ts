import { expect, test } from 'vitest'

import type { DerivedClient } from '../../src/clients/index.ts'
import { clientTypes } from '../../src/clients/types.ts'
import { Driver, type Implementation } from '../../src/index.ts'
import { Obd } from '../../src/interfaces/index.ts'
import { openSession } from '../support/session.ts'

class Car extends Driver implements Implementation<typeof Obd> {
  static readonly interface = Obd
  query(commandName: string) {
    return commandName === 'RPM' ? '800 revolutions_per_minute' : null
  }
  clearDtc() {}
  status() {
    return 'Car Connected' as const
  }
  supportedCommands() {
    return ['RPM']
  }
  isConnected() {
    return true
  }
}

test('a driver of Jumpstarter without a client class here has the methods of its interface', async () => {
  await using session = await openSession(new Car())
  await session.session.start()
  // The connection knows nothing but the path that the driver reports.
  const car = session.root as DerivedClient<typeof Obd>
  expect(await car.query('RPM')).toBe('800 revolutions_per_minute')
  expect(await car.query('SPEED')).toBeNull()
  expect(await car.supportedCommands()).toEqual(['RPM'])
  expect(await car.isConnected()).toBe(true)
})

test('every path leads to a class with the methods of its interface', async () => {
  const loaded = await Promise.all(Array.from(clientTypes, async ([path, load]) => [path, await load()] as const))
  const withoutInterface = loaded.filter(([, Client]) => Client.interface === undefined)
  expect(withoutInterface.map(([path]) => path)).toEqual([])
})
