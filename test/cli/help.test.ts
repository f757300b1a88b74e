import { afterAll, beforeAll, expect, test } from 'vitest'

import { createCliFolder } from '../support/cli.ts'

let cli: Awaited<ReturnType<typeof createCliFolder>>
beforeAll(async () => {
  cli = await createCliFolder()
})
afterAll(() => cli[Symbol.asyncDispose]())

const toController = ['--client <alias>', '--client-config <file>']
const toExporter = ['--host <address>', '--ca <file>', '--insecure', '--passphrase <text>', 'JMP_GRPC_PASSPHRASE']

test('each command says what it takes', { timeout: 60_000 }, async () => {
  const pages: Record<string, readonly string[]> = {
    '': ['run [options]', 'shell [options] [command...]', 'call [options] <path.method> [args...]', '--version'],
    run: [
      ...['--exporter-config <file>', '--socket <path>', '--listen <[host:]port>', '--tls-cert <file>'],
      ...['--tls-key <file>', '--insecure', '--passphrase <text>', 'JMP_GRPC_PASSPHRASE', '--unauthenticated'],
    ],
    shell: ['--exporter-config <file>', '--selector <selector>', '--lease <name>', ...toExporter, ...toController],
    'get exporters': ['--selector <selector>', '--output <format>', ...toController],
    'get leases': ['--all', '--everybody', '--output <format>', ...toController],
    'create lease': ['--duration <time>', '--name <exporter>', ...toController],
    'update lease': ['<name>', '--duration <time>', '--to-client <name>', ...toController],
    'delete leases': ['[names...]', '--all', ...toController],
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
      expect(stderr).toContain('--help shows what there is')
    }),
  )
})
