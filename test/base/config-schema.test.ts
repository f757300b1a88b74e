import { expect, test } from 'vitest'
import { z } from 'zod'

import { rules } from '../../src/base/check.ts'
import { parseConfig } from '../../src/base/config-schema.ts'

test('a config is checked by rules or by a Standard Schema, with all mistakes and their places', () => {
  expect(() => parseConfig({ port: 0, hots: 'x' }, { host: rules.text, port: rules.port })).toThrow(
    'host is missing; it has to be a text; port is 0; it has to be a number from 1 to 65535; hots is an unknown key; known keys: host, port',
  )
  const schema = z.strictObject({
    host: z.string(),
    outlets: z.array(z.object({ id: z.number() })),
    port: z.number().default(80),
  })
  expect(parseConfig({ host: 'a', outlets: [] }, schema)).toEqual({ host: 'a', outlets: [], port: 80 })
  expect(() => parseConfig({ outlets: [{ id: '1' }] }, schema)).toThrow(
    /^host is not valid: .*; outlets\.0\.id is not valid: /,
  )
  expect(() => parseConfig(undefined, schema)).toThrow(/^host is not valid: /)
  const slow = z.string().refine(() => Promise.resolve(true))
  expect(() => parseConfig('x', slow)).toThrow(/promise|async/i)
})
