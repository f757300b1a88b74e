import { expect, test } from 'vitest'

import { ModbusRelays } from '../../src/drivers/index.ts'
import { parseModbusUrl } from '../../src/drivers/modbus-relays/config.ts'

test.each([
  ['tcp://10.0.0.7', { kind: 'tcp', host: '10.0.0.7', port: 502 }],
  ['tcp://board.lab:1502/', { kind: 'tcp', host: 'board.lab', port: 1502 }],
  ['tcp://[fe80::1]:502', { kind: 'tcp', host: 'fe80::1', port: 502 }],
  ['/dev/ttyUSB0', { kind: 'device', path: '/dev/ttyUSB0' }],
  ['COM3', { kind: 'device', path: 'COM3' }],
  ['', undefined],
  ['tcp://', undefined],
  ['tcp://a:0', undefined],
  ['tcp://a:65536', undefined],
  ['udp://a:502', undefined],
])('%j is the place of a board', (url, place) => {
  expect(parseModbusUrl(url)).toEqual(place)
})

test('the config is told all its mistakes at once', () => {
  const config = {
    url: 'udp://a',
    unit: 0,
    baudrate: 'fast',
    parity: 'mark',
    stop_bits: 1.5,
    timeout: 0,
    host: 'a',
    channels: {
      a: {},
      b: { coil: 0, register: 0 },
      c: { coil: 65_536, relay: 1 },
      d: { coil: 1, closed_value: 2 },
      e: 5,
      f: { register: 1, open_value: -1, normally_closed: 'yes' },
    },
  }
  const run = () => new ModbusRelays(config as never)
  expect(run).toThrow(TypeError)
  for (const part of [
    'url is "udp://a"; it has to be tcp://host, tcp://host:port, or the path of a serial port',
    'unit is 0; it has to be a whole number from 1 to 255',
    'baudrate is "fast"',
    'parity is "mark"; it has to be none or even or odd',
    'stop_bits is 1.5; it has to be 1 or 2',
    'timeout is 0; it has to be a number of seconds above 0',
    'host is an unknown key; known keys: url, channels, unit',
    'channels.a is a relay without an address; add coil or register',
    'channels.b has coil and register; a relay has one of them',
    'channels.c.coil is 65536; it has to be a whole number from 0 to 65535',
    'channels.c.relay is an unknown key',
    'channels.d has values for a register, and is a coil',
    'channels.e is 5; it has to be an object',
    'channels.f.open_value is -1',
    'channels.f.normally_closed is "yes"; it has to be true or false',
  ]) {
    expect(run).toThrow(part)
  }
})
