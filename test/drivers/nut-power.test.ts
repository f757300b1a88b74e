import { expect, test } from 'vitest'

import { NutPower, type NutPowerConfig } from '../../src/drivers/index.ts'

test('all mistakes of a config are named at once, and no secret', () => {
  const config = {
    port: 0,
    ups: 'a pdu',
    outlet: 0,
    variable: 'x\ny',
    username: 'a\nINSTCMD',
    password: 4711,
    timeout: 0,
  }
  expect(() => new NutPower(config as unknown as NutPowerConfig)).toThrow(
    new TypeError(
      [
        'host is missing; it has to be a text',
        'port is 0; it has to be a number from 1 to 65535',
        'ups is "a pdu"; it has to be a name without spaces, such as pdu',
        'outlet is 0; it has to be a whole number above 0',
        String.raw`variable is "x\ny"; it has to be a name without spaces, such as outlet.1.switch`,
        'username has a line break, or another control character',
        'password is missing, or is no text; a number has to be in quotes',
        'timeout is 0; it has to be a number of seconds above 0',
      ].join('; '),
    ),
  )
  const right = { host: 'a', ups: 'b', outlet: null, variable: null, username: null, password: null }
  expect(() => new NutPower(right as unknown as NutPowerConfig)).not.toThrow()
})
