import { expect, test } from 'vitest'
import { serve } from 'vitest-hardware'

import { ThermostatClient } from '../src/client.ts'
import { MockThermostat } from '../src/driver.ts'

test('warms the room up', async () => {
  await using thermostat = await serve(new MockThermostat(), { client: ThermostatClient })
  await thermostat.setTarget(22)
  expect(await thermostat.target()).toBe(22)

  const celsius: number[] = []
  for await (const reading of thermostat.readings()) celsius.push(reading.celsius)
  expect(celsius).toEqual([18, 20, 21])
})

test('answers on its console', async () => {
  await using thermostat = await serve(new MockThermostat(), { client: ThermostatClient })
  expect(await thermostat.command('version')).toBe('thermostat 1.0')
  expect(await thermostat.command('dance')).toBe('unknown command: dance')
})

test('refuses a temperature out of range', async () => {
  await using thermostat = await serve(new MockThermostat(), { client: ThermostatClient })
  await expect(thermostat.setTarget(99)).rejects.toThrow('argument 1 of setTarget')
})

test('needs no client class', async () => {
  await using thermostat = await serve(new MockThermostat())
  await thermostat.setTarget(21)
  expect(await thermostat.query('target')).toBe('21')
  await expect(thermostat.query('colour')).rejects.toThrow("there is no parameter 'colour'")
})
