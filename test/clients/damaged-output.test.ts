import { expect, test } from 'vitest'

import { withoutMarkerAtEnd, withoutMarkerAtStart } from '../../src/clients/shells/damaged-output.ts'
import type { Marker } from '../../src/clients/shells/marker.ts'

const marker: Marker = { halves: ['vh0123456f', 'fedcba98'], text: 'vh0123456ffedcba98' }

test('the line of a damaged marker is removed, and no character of the output', () => {
  for (const rest of ['vh0123', 'vh0123456', 'vh012~456ffedcba98', 'vh0123ba98']) {
    const isKnown = rest.startsWith('vh0123')
    expect(withoutMarkerAtStart(`${rest}\r\nfirst\r\n`, marker), rest).toBe(`${isKnown ? '' : `${rest}\r\n`}first\r\n`)
  }
  // The first letter of the output is the next one of the marker.
  expect(withoutMarkerAtStart('vh0123456first\r\n', marker)).toBe('vh0123456first\r\n')
  expect(withoutMarkerAtStart('first\r\n', marker)).toBe('first\r\n')
  expect(withoutMarkerAtEnd('first\r\nvh0123~', marker)).toBe('first\r\n')
  expect(withoutMarkerAtEnd('first vh01', marker)).toBe('first vh01')
})
