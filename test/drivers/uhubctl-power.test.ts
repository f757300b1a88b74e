import { expect, test } from 'vitest'

import { UhubctlPower } from '../../src/drivers/index.ts'

test('the config is told all its mistakes at once', () => {
  const config = { location: 1, port: 0, exact: 'yes', repeat: 0, timeout: -1, hub: 'x' }
  const run = () => new UhubctlPower(config as never)
  expect(run).toThrow(TypeError)
  for (const part of [
    "location is 1; it has to be the location of a hub as uhubctl prints it, a text: '1-1.4', '2'",
    'port is 0; it has to be a number from 1 to 15',
    'exact is "yes"; it has to be true or false',
    'repeat is 0; it has to be a whole number above 0',
    'timeout is -1; it has to be a number of seconds above 0',
    'hub is an unknown key; known keys: location, port, exact, repeat, timeout',
  ]) {
    expect(run).toThrow(part)
  }
})

test.each(['1-1', '2', '10-1.4.2'])('the location %s is one', (location) => {
  expect(() => new UhubctlPower({ location, port: 15 })).not.toThrow()
})

test.each(['', '1-', '-l', '1-1.', 'usb1', '1-1 -a on'])('the location %j is none', (location) => {
  expect(() => new UhubctlPower({ location, port: 1 })).toThrow('location ')
})
