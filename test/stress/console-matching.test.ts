import { test } from 'vitest'

import { checkBytes, checkEscapes, checkPatterns } from '../clients/console-properties.ts'
import { scaled } from './support/scaled.ts'

test.for([
  ['texts, expressions and lists of them', checkPatterns, scaled(3_000)],
  ['texts with escape sequences between', checkEscapes, scaled(800)],
  ['bytes', checkBytes, scaled(500)],
] as const)('a console finds the same however its output is cut: %s', ([, check, numRuns]) => check(numRuns))
