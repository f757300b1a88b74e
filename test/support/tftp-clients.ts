import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

import { TftpServerClient } from '../../src/clients/index.ts'
import { Tftp } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'

/** Creates a folder with the root of a TFTP server, `root`, and a place for the files that clients get. */
export async function createTftpFolder() {
  const folder = await createPrivateFolder()
  const root = join(folder.path, 'root')
  await mkdir(root)
  return { path: folder.path, root, remove: () => folder.remove() }
}

/** Serves a folder with TFTP. */
export async function startServer(root: string) {
  const tftp = await serve(new Tftp({ root_dir: root, host: '127.0.0.1', port: 0 }), { client: TftpServerClient })
  await tftp.start()
  return tftp
}

/** Gets a file with curl, which speaks TFTP by itself. */
export async function curl(port: number, path: string, ...args: readonly string[]): Promise<Buffer> {
  const url = `tftp://127.0.0.1:${port}/${path}`
  const { stdout } = await execa('curl', ['--silent', '--show-error', '--max-time', '50', ...args, url], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
    stripFinalNewline: false,
  })
  return Buffer.from(stdout)
}

/**
 * Gets a file with atftp.
 *
 * @param local the place of the copy
 * @param options of the protocol: `windowsize 8`
 */
export async function atftp(
  port: number,
  path: string,
  local: string,
  options: readonly string[],
  ...args: readonly string[]
): Promise<Buffer> {
  const all = options.flatMap((option) => ['--option', option])
  await execa('atftp', [...all, ...args, '-g', '-r', path, '-l', local, '127.0.0.1', String(port)])
  return readFile(local)
}
