import { expect, test } from 'vitest'

import { hardware } from '../../src/plugin/hardware.ts'

const refusal = (message: string) => expect.objectContaining({ code: 'PLUGIN_OPTIONS_INVALID', message })

test('a Vitest that is too old is told in one line', () => {
  const plugin = hardware()
  const configure = (version: string) => () => plugin.configureVitest?.({ vitest: { version } } as never)
  expect(configure('4.0.18')).toThrow(refusal('vitest-hardware needs Vitest 4.1 or later; this is 4.0.18'))
  expect(configure('3.2.4')).toThrow(refusal('vitest-hardware needs Vitest 4.1 or later; this is 3.2.4'))
})

test('a Node.js that is too old is told in one line', () => {
  const { versions } = process
  Object.defineProperty(process, 'versions', { value: { ...versions, node: '22.17.1' } })
  try {
    expect(() => hardware()).toThrow(refusal('vitest-hardware needs Node.js 22.18 or later; this is 22.17.1'))
  } finally {
    Object.defineProperty(process, 'versions', { value: versions })
  }
})
