import { describe, expect, test } from 'vitest'

import { IpmiPower } from '../../src/drivers/index.ts'
import { sensorValue } from '../../src/drivers/ipmi-power/sensors.ts'

describe('a sensor', () => {
  // From ipmitool 1.8.19.
  const output = [
    'PS V,12.100,Volts,ok,7.1,System Board,Voltage,,,,,,,,,,0.000,25.500',
    'PS V, rear,5.000,Volts,ok,7.1,System Board,Voltage,,,,,,,,,,0.000,25.500',
    'PS A,0.250,Amps,ok,7.1,System Board,Current,,,,,,,,,,0.000,2.550',
    'Spare,,,ns,7.2,System Board,Current,,,,,,,,,,0.000,2.550',
    '',
  ].join('\n')

  test('has a value in its unit', () => {
    expect(sensorValue(output, 'PS V', 'Volts')).toBe(12.1)
    expect(sensorValue(output, 'PS A', 'Amps')).toBe(0.25)
    expect(sensorValue(output.replaceAll('\n', '\r\n'), 'PS V, rear', 'Volts')).toBe(5)
  })

  test.each([
    ['PS', "The sensor 'PS' is not one of the controller's"],
    ['Spare', "The sensor 'Spare' has no value now"],
    ['PS A', "The sensor 'PS A' measures Amps, not Volts"],
  ])('%s does not measure volts', (name, message) => {
    const read = () => sensorValue(output, name, 'Volts')
    expect(read).toThrow(expect.objectContaining({ code: 'RESULT_INVALID', message: expect.stringContaining(message) }))
  })
})

describe('the config', () => {
  test('is told all its mistakes at once, without the password', () => {
    const config = { port: 0, username: 7, password: 12345, cipher_suite: 300, retries: -1, timeout: 0, user: 'x' }
    const run = () => new IpmiPower({ ...config, voltage_sensor: 'PS V' } as never)
    expect(run).toThrow(TypeError)
    for (const part of [
      'host is missing; it has to be a text',
      'port is 0; it has to be a number from 1 to 65535',
      'username is 7; it has to be a text',
      'password has to be a text; put it in quotes',
      'cipher_suite is 300; it has to be a whole number from 0 to 255',
      'retries is -1; it has to be a whole number from 0 to 10',
      'timeout is 0; it has to be a number of seconds above 0',
      'user is an unknown key; known keys: host, port, username',
      'current_sensor is missing: a measurement needs both sensors',
    ]) {
      expect(run).toThrow(part)
    }
    expect(run).not.toThrow('12345')
  })

  test.each([
    [{}, 'password is missing, and so is password_file'],
    [{ password: 'a', password_file: 'b' }, 'password_file is given besides password; leave one out'],
    [{ password: 'a', current_sensor: 'PS A' }, 'voltage_sensor is missing: a measurement needs both sensors'],
  ])('%j is refused', (config, message) => {
    expect(() => new IpmiPower({ host: 'bmc', username: 'admin', ...config })).toThrow(message)
  })
})
