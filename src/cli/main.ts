#!/usr/bin/env node
import { readFileSync } from 'node:fs'

import { surviveClosedOutput } from '../base/closed-output.ts'
import { enableCompileCache } from '../base/compile-cache.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { createProgram } from './program.ts'
import { requireNode } from './require-node.ts'
import { UsageError } from './usage-error.ts'

requireNode()
enableCompileCache()
surviveClosedOutput((error) => {
  console.error(`error: cannot write the output: ${messageOf(error)}`)
  process.exitCode ||= 1
})

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** The codes of mistakes in files that the user has given. */
const fileMistakes: ReadonlySet<string> = new Set([
  'CLIENT_CONFIG_INVALID',
  'EXPORTER_CONFIG_INVALID',
  'RECORDING_INVALID',
])

try {
  await createProgram(version).parseAsync()
} catch (error) {
  console.error(`error: ${messageOf(error)}`)
  const isMistake = error instanceof UsageError || (error instanceof HardwareError && fileMistakes.has(error.code))
  // The exit code of a command that has failed stays, also if the clean-up fails after it.
  process.exitCode ||= isMistake ? 2 : 1
}
