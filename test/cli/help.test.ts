import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createProgram } from '../../src/cli/program.ts'
import { createCliFolder } from '../support/cli.ts'

let cli: Awaited<ReturnType<typeof createCliFolder>>
beforeAll(async () => {
  cli = await createCliFolder()
})
afterAll(() => cli[Symbol.asyncDispose]())

const toController = ['--client <alias>', '--client-config <file>']
const toExporter = [
  '--host <address>',
  '--ca <file>',
  '--insecure',
  '--passphrase <text>',
  '--passphrase-file <file>',
  'JMP_GRPC_PASSPHRASE',
]

test('each command says what it takes', { timeout: 60_000 }, async () => {
  const pages: Record<string, readonly string[]> = {
    '': ['run [options]', 'shell [options] [command...]', 'call [options] <path.method> [args...]', '--version'],
    run: [
      ...['--exporter-config <file>', '--socket <path>', '--listen <[host:]port>', '--tls-cert <file>'],
      ...[
        '--tls-key <file>',
        '--insecure',
        '--passphrase <text>',
        '--passphrase-file <file>',
        'JMP_GRPC_PASSPHRASE',
        '--unauthenticated',
      ],
    ],
    shell: ['--exporter-config <file>', '--selector <selector>', '--lease <name>', ...toExporter, ...toController],
    'get exporters': ['--selector <selector>', '--output <format>', ...toController],
    'get leases': ['--all', '--everybody', '--output <format>', ...toController],
    'create lease': ['--duration <time>', '--name <exporter>', ...toController],
    'update lease': ['<name>', '--duration <time>', '--to-client <name>', ...toController],
    'delete leases': ['[names...]', '--all', ...toController],
    'recording show': ['<file>', '--output <format>'],
    call: ['--timeout <seconds>', 'standard input and output', ...toExporter],
  }
  await Promise.all(
    Object.entries(pages).map(async ([command, parts]) => {
      const { code, stdout, stderr } = await cli.run([...command.split(' ').filter(Boolean), '--help'])
      expect({ code, stderr }, command).toEqual({ code: 0, stderr: '' })
      for (const part of parts) expect(stdout, command).toContain(part)
    }),
  )
})

test('wrong use is exit code 2, with where to look', { timeout: 60_000 }, async () => {
  const uses: [readonly string[], string][] = [
    [['run', '--exporter-config', 'x', '--lisen', '1'], "unknown option '--lisen'"],
    [['run'], "required option '--exporter-config <file>' not specified"],
    [['call'], "missing required argument 'path.method'"],
    [['shell', 'true', '--nope'], "unknown option '--nope'"],
    [['rum'], "unknown command 'rum'"],
  ]
  await Promise.all(
    uses.map(async ([args, message]) => {
      const { code, stderr } = await cli.run(args)
      expect(code, message).toBe(2)
      expect(stderr).toContain(message)
      expect(stderr).toContain('--help shows the commands and options')
    }),
  )
})

/** A command and all below it, each with the words that call it. */
function walk(command: Command, words: readonly string[] = []): { command: Command; words: readonly string[] }[] {
  return [{ command, words }, ...command.commands.flatMap((child) => walk(child, [...words, child.name()]))]
}

describe.each(walk(createProgram('1.2.3')).map(({ command, words }) => ({ name: words.join(' '), command, words })))(
  "the command '$name'",
  ({ command, words }) => {
    test('describes itself, its arguments and its options', () => {
      expect(command.description()).not.toBe('')
      const parts = [...command.options, ...command.registeredArguments].map((part) => ({
        name: 'long' in part ? part.long : part.name(),
        text: part.description,
      }))
      for (const { name, text } of parts) expect(text, name ?? '').toMatch(/^\S/)
    })

    test('has a page of help with an example, and exits with 0', { timeout: 30_000 }, async () => {
      const { code, stdout, stderr } = await cli.run([...words, '--help'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain(`Usage: ${['vitest-hardware', ...words].join(' ')}`)
      expect(stdout).toMatch(/^Examples?:\n {2}\$ vitest-hardware /m)
    })
  },
)
