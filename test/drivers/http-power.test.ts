import { describe, expect, test } from 'vitest'

import { parseReading } from '../../src/drivers/http-power/parse-reading.ts'
import { HttpPower, type HttpPowerConfig } from '../../src/drivers/index.ts'

const request = { url: 'http://relay.example/' }

test('all mistakes of a config are named at once, and no secret', () => {
  const config = {
    power_on: { url: 'ftp://admin:pa55@relay.example', method: 'SWITCH', body: 'x' },
    power_read: { url: 7 },
    auth: { basic: { user: 'admin', password: 4711 }, digest: {} },
    timeout: 0,
  } as unknown as HttpPowerConfig
  expect(() => new HttpPower(config)).toThrow(
    new TypeError(
      [
        'power_off is missing; it has to be an object',
        'timeout is 0; it has to be a number of seconds above 0',
        'power_on.url is missing, or is no URL that begins with http:// or https://',
        'power_on.method is "SWITCH"; it has to be GET or POST or PUT or PATCH or DELETE or HEAD or OPTIONS',
        'power_on.body is an unknown key; known keys: url, method, data, voltage_path, current_path',
        'power_read.url is missing, or is no URL that begins with http:// or https://',
        'auth.digest is an unknown key; known keys: basic',
        'auth.basic.password is missing, or is no text; a number has to be in quotes',
      ].join('; '),
    ),
  )
  expect(() => new HttpPower(undefined as unknown as HttpPowerConfig)).toThrow('power_on is missing')
  const empty = { name: null, power_on: request, power_off: request, power_read: null, auth: { basic: null } }
  expect(() => new HttpPower(empty as unknown as HttpPowerConfig)).not.toThrow()
})

describe('a reading', () => {
  const paths = { ...request, voltage_path: 'meters.0.v', current_path: 'meters.1' }

  test.each<[answer: string, paths: object, reading: object]>([
    ['{"voltage": 230.1, "current": 0.5}', request, { voltage: 230.1, current: 0.5 }],
    ['{"voltage": "230.1", "apower": 3}', request, { voltage: 230.1, current: 0 }],
    ['[]', request, { voltage: 0, current: 0 }],
    ['{"meters": [{"v": 5}, 1e-3]}', paths, { voltage: 5, current: 0.001 }],
  ])('%s', (answer, config, reading) => {
    expect(parseReading(answer, { ...request, ...config })).toEqual(reading)
  })

  test.each<[answer: string, message: RegExp]>([
    ['<html>', /^the answer is not JSON: /],
    ['', /^the answer is not JSON: /],
    ['{"meters": [{}, 1]}', /^the answer has nothing at meters\.0\.v \(voltage_path\)$/],
    ['{"meters": [{"v": 1}]}', /^the answer has nothing at meters\.1 \(current_path\)$/],
    ['{"meters": [{"v": true}, 1]}', /^the answer has no number at meters\.0\.v$/],
    ['{"meters": [{"v": " "}, 1]}', /^the answer has no number at meters\.0\.v$/],
    ['{"meters": [{"v": "1e999"}, 1]}', /^the answer has no number at meters\.0\.v$/],
    ['{"meters": [{"v": {"constructor": 1}}, 1]}', /^the answer has no number at/],
  ])('%s is refused', (answer, message) => {
    expect(() => parseReading(answer, paths)).toThrow(message)
    expect(() => parseReading(answer, paths)).toThrow(
      expect.objectContaining({ code: 'RESULT_INVALID', origin: 'lab' }),
    )
  })

  test('a null is no number, and nothing is found by inheritance', () => {
    expect(() => parseReading('{"voltage": null}', request)).toThrow('the answer has no number at voltage')
    const inherited = { ...request, voltage_path: 'constructor.length' }
    expect(() => parseReading('{}', inherited)).toThrow('the answer has nothing at constructor.length')
  })
})
