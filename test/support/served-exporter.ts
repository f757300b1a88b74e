import { join } from 'node:path'
import { execa } from 'execa'

import { ProcessOutput } from './process-output.ts'

/** Starts an exporter on a port of this machine, from the compiled package of a project, as a lab does that serves a board to others. */
export async function serveExporter(folder: string, file: string, args: readonly string[] = ['--insecure']) {
  const main = join(folder, 'node_modules/vitest-hardware/dist/cli/main.js')
  const listen = ['run', '--exporter-config', file, '--listen', '127.0.0.1:0', ...args]
  const child = execa(process.execPath, [main, ...listen], { cwd: folder, reject: false, buffer: false })
  const host = await new ProcessOutput(child).prints(/^JUMPSTARTER_HOST=(.+)\n/m, 40_000)
  return {
    host,
    port: Number(/:(\d+)$/.exec(host)?.[1]),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await child
    },
  }
}
