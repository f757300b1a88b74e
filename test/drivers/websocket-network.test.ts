import { expect, test } from 'vitest'

import { WebsocketNetwork } from '../../src/drivers/index.ts'

test('all mistakes of a config are told at once', () => {
  const config = { url: 'http://bench', enable_address: 'no', ca: 7, host: 'x' } as never
  expect(() => new WebsocketNetwork(config)).toThrow(
    'url is "http://bench"; it has to be a URL that begins with ws:// or wss://; ' +
      'enable_address is "no"; it has to be true or false; ca is 7; it has to be a text; ' +
      'host is an unknown key; known keys: url, enable_address, ca',
  )
  expect(() => new WebsocketNetwork({} as never)).toThrow('url is missing')
})
