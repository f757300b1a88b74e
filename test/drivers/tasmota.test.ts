import { expect, test } from 'vitest'

import { type TasmotaConfig, TasmotaPower } from '../../src/drivers/index.ts'

test('all mistakes of a config are named at once, and no secret', () => {
  const config = { port: '1883', transport: 'udp', tls: 'no', password: 4711, cmnd_topic: 'cmnd/+/POWER', timeout: -1 }
  expect(() => new TasmotaPower({ ...config, topic: 'x' } as unknown as TasmotaConfig)).toThrow(
    new TypeError(
      [
        'host is missing; it has to be a text',
        'port is "1883"; it has to be a number from 1 to 65535',
        'transport is "udp"; it has to be tcp or websockets or unix',
        'tls is "no"; it has to be true or false',
        'password is missing, or is no text; a number has to be in quotes',
        'cmnd_topic is "cmnd/+/POWER"; it has to be a topic without wildcards, such as cmnd/plug/POWER',
        'stat_topic is missing; it has to be a topic without wildcards, such as cmnd/plug/POWER',
        'timeout is -1; it has to be a number of seconds above 0',
        'topic is an unknown key; known keys: host, port, transport, tls, tls_ca, client_id, username, password, cmnd_topic, stat_topic, timeout',
        'username is missing; password needs it',
      ].join('; '),
    ),
  )
  const right = { host: 'a', cmnd_topic: 'b', stat_topic: 'c', timeout: null, username: null, password: null }
  expect(() => new TasmotaPower(right as unknown as TasmotaConfig)).not.toThrow()
})
