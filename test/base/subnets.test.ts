import { expect, test } from 'vitest'

import { bareHost, isSubnet, loopback, Subnets } from '../../src/base/subnets.ts'

test.each([
  ['10.0.0.0/8', true],
  ['::1', true],
  ['fe80::/10', true],
  ['10.0.0.0/33', false],
  ['10.0.0.0/', false],
  ['localhost', false],
  ['1.2.3.4/8/8', false],
])('the subnet %s: %s', (subnet, expected) => expect(isSubnet(subnet)).toBe(expected))

test('a set has the addresses of its subnets, and no names', () => {
  const set = new Subnets(['10.0.0.0/8', 'fd00::/8', '192.0.2.1'])
  for (const address of ['10.1.2.3', 'fd12::1', '192.0.2.1']) expect(set.has(address)).toBe(true)
  for (const other of ['11.0.0.1', 'fe80::1', '192.0.2.2', '10.0.0.0/8', 'localhost', '']) {
    expect(set.has(other)).toBe(false)
  }
  expect(() => new Subnets(['here'])).toThrow("'here' is no address")
})

test('loopback addresses, also from URLs', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', '[::1]']) expect(loopback.has(bareHost(host))).toBe(true)
  expect(loopback.has('localhost')).toBe(false)
})
