import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ScpiInstrument, ScpiPowerSupply } from '../../src/drivers/index.ts'
import { parseMeasurement } from '../../src/drivers/scpi/measurement.ts'
import { isQuery } from '../../src/drivers/scpi/scpi-connection.ts'
import { parseScpiError } from '../../src/drivers/scpi/scpi-error.ts'

test.each([
  ['0,"No error"', { code: 0, message: 'No error' }],
  ['+0,"No error"', { code: 0, message: 'No error' }],
  ['-113,"Undefined header;FOO?"', { code: -113, message: 'Undefined header;FOO?' }],
  [' -222 , "Data out of range" ', { code: -222, message: 'Data out of range' }],
  ['-100,"He said ""no"""', { code: -100, message: 'He said "no"' }],
  ['0,No Error', { code: 0, message: 'No Error' }],
  ['42,"Fan"', { code: 42, message: 'Fan' }],
  ['', undefined],
  ['1', undefined],
  ['1,2', undefined],
  ['+5.0E+00,V', undefined],
  ['Example,PSU', undefined],
])('the entry %j of a queue of errors', (answer, error) => {
  expect(parseScpiError(answer)).toEqual(error)
})

describe('a measurement', () => {
  test.each([
    ['+5.000000E+00', 5],
    ['-1.5e-3', -0.0015],
    ['.5', 0.5],
    ['12', 12],
    ['5.001V', 5.001],
    ['0.25 A', 0.25],
  ])('%j is %d', (answer, value) => {
    expect(parseMeasurement('MEAS:VOLT?', answer)).toBe(value)
  })

  test.each(['', 'V', '9.91E+37', '9.9E37', '-9.90000000E+37', '1,2', '0x10', 'Infinity', '5 mV', '\x005'])(
    '%j is none',
    (answer) => {
      const parse = () => parseMeasurement('MEAS:VOLT?', answer)
      const message = expect.stringContaining("answers 'MEAS:VOLT?' with")
      expect(parse).toThrow(expect.objectContaining({ code: 'RESULT_INVALID', message }))
    },
  )

  test('comes back from every number in the form NR3', () => {
    const number = fc.double({ noNaN: true, min: -1e30, max: 1e30 })
    fc.assert(
      fc.property(number, (value) => {
        const text = value.toExponential().toUpperCase()
        expect(parseMeasurement('MEAS:VOLT?', text)).toBe(Number(text))
      }),
    )
  })
})

test('a question mark in a text makes no query', () => {
  expect(['*IDN?', 'MEAS:VOLT? (@1)', 'A "x";B?'].map(isQuery)).toEqual([true, true, true])
  expect(['VOLT 5', 'DISP "?"', "DISP '?'", 'DISP "a""?"'].map(isQuery)).toEqual([false, false, false, false])
})

test('the config is told all its mistakes at once', () => {
  const line = {
    url: 'ftp://x',
    baudrate: 0,
    parity: 'mark',
    stop_bits: 3,
    line_end: 'nl',
    check_errors: 1,
    timeout: 0,
  }
  const run = () =>
    new ScpiPowerSupply({ ...line, channel: 0, voltage: -1, current: 'a', overvoltage: 0, port: 1 } as never)
  expect(run).toThrow(TypeError)
  const ofLine = [
    'url is "ftp://x"; it has to be',
    'baudrate is 0; it has to be',
    'parity is "mark"; it has to be none or even or odd',
    'stop_bits is 3; it has to be 1 or 2',
    'line_end is "nl"; it has to be lf or cr or crlf',
    'check_errors is 1; it has to be true or false',
    'timeout is 0; it has to be a number of seconds above 0',
  ]
  for (const part of [
    ...ofLine,
    'channel is 0; it has to be a whole number above 0',
    'voltage is -1; it has to be a number, 0 or above',
    'current is "a"; it has to be a number, 0 or above',
    'overvoltage is 0; it has to be a number of volts above 0',
    'port is an unknown key',
  ]) {
    expect(run).toThrow(part)
  }
  for (const part of ofLine) expect(() => new ScpiInstrument(line as never)).toThrow(part)
})
