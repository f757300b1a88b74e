import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseReading } from '../../src/drivers/command-power/reading.ts'
import { CommandPower } from '../../src/drivers/index.ts'

describe('a measurement', () => {
  test('is a JSON object with numbers, which may be texts', () => {
    expect(parseReading('{"voltage": 5.02, "current": "0.31", "unit": "V"}\n')).toEqual({
      voltage: 5.02,
      current: 0.31,
    })
  })

  test('is found by a pattern anywhere in the output', () => {
    const output = 'channel 3\nU = 5.02 V\nI = -1.5e-3 A\n'
    const pattern = String.raw`U = (?<voltage>\S+) V\s+I = (?<current>\S+) A`
    expect(parseReading(output, pattern)).toEqual({ voltage: 5.02, current: -0.0015 })
  })

  test.each([
    ['', undefined, 'has to print a JSON object with the numbers voltage and current; it printed nothing'],
    ['5 V', undefined, 'it printed "5 V"'],
    ['[5, 1]', undefined, 'it printed "[5, 1]"'],
    ['{"voltage": 5}', undefined, 'it printed "{\\"voltage\\": 5}"'],
    ['{"voltage": null, "current": ""}', undefined, 'has to print a JSON object'],
    [
      'nothing',
      '(?<voltage>\\d) (?<current>\\d)',
      'has to print what matches read_pattern ((?<voltage>\\d) (?<current>\\d)), with numbers',
    ],
    ['x y', '(?<voltage>\\w) (?<current>\\w)', 'it printed "x y"'],
    ['1 ', '(?<voltage>\\d) (?<current>\\d)?', 'it printed "1"'],
  ])('%j with the pattern %s is refused', (output, pattern, message) => {
    const parse = () => parseReading(output, pattern)
    expect(parse).toThrow(
      expect.objectContaining({ code: 'RESULT_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test('comes back from every pair of numbers, and never from anything else than finite ones', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(number, number, (voltage, current) => {
        const text = `${voltage} V ${current} A`
        const found = parseReading(text, '(?<voltage>\\S+) V (?<current>\\S+) A')
        expect(found).toEqual({ voltage: Number(`${voltage}`), current: Number(`${current}`) })
      }),
    )
    fc.assert(
      fc.property(fc.string(), (output) => {
        expect(() => parseReading(output)).toThrow('has to print')
      }),
    )
  })
})

describe('the config', () => {
  test('is told all its mistakes at once', () => {
    const config = {
      power_on: 'relay on',
      power_read: ['meter', true],
      read_pattern: '(?<voltage>\\d',
      timeout: 0,
      on: ['relay'],
    }
    const run = () => new CommandPower(config as never)
    expect(run).toThrow(TypeError)
    for (const part of [
      'power_on is "relay on"; it has to be a list of a program and its arguments',
      "all of them texts: [relayctl, 'on', '3'], or [sh, -c, script] for a script",
      'power_off is missing',
      'power_read is ["meter",true]',
      'read_pattern is "(?<voltage>\\\\d"; it has to be a regular expression with the groups voltage and current',
      'timeout is 0; it has to be a number of seconds above 0',
      'on is an unknown key; known keys: power_on, power_off, power_read, read_pattern, timeout, cwd',
    ]) {
      expect(run).toThrow(part)
    }
  })

  test.each([
    [{ read_pattern: '(?<voltage>.)(?<current>.)' }, 'read_pattern has no effect without power_read'],
    [{ power_read: ['meter'], read_pattern: '(?<voltage>.)' }, 'groups voltage and current'],
    [{ power_on: [] }, 'power_on is []'],
    [{ power_on: [''] }, 'power_on is [""]'],
    [{ power_on: ['a', '\0'] }, 'power_on is'],
  ])('%j is refused', (config, message) => {
    const commands = { power_on: ['true'], power_off: ['true'] }
    expect(() => new CommandPower({ ...commands, ...config } as never)).toThrow(message)
  })

  test('may have null for keys that may be left out', () => {
    const config = { power_read: null, read_pattern: null, timeout: null, cwd: null }
    expect(() => new CommandPower({ power_on: ['true'], power_off: ['true'], ...config } as never)).not.toThrow()
  })
})
