#!/usr/bin/env node
import { readFileSync } from 'node:fs'

import { Command } from 'commander'

import { HardwareError, messageOf } from '../errors.ts'
import { runExporter } from './run.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('vitest-hardware')
  .description('Exporters for hardware tests, compatible with Jumpstarter')
  .version(version)
  .showHelpAfterError()

program
  .command('run')
  .description('serve the drivers of an exporter until it is interrupted')
  .requiredOption('--exporter-config <file>', 'YAML, or a module that calls defineExporter()')
  .option('--socket <path>', 'the unix socket to listen on (default: one in a new private folder)')
  .action(runExporter)

try {
  await program.parseAsync()
} catch (error) {
  console.error(`error: ${messageOf(error)}`)
  process.exitCode = error instanceof HardwareError && error.code === 'EXPORTER_CONFIG_INVALID' ? 2 : 1
}
