import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { fileInTar, tarOf } from '../../src/drivers/container-board/tar.ts'

async function* pieces(bytes: Uint8Array, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield Buffer.from(bytes.subarray(at, at + length))
}
const collect = async (parts: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(parts))

test('a file comes out of its archive, in whatever pieces that comes', async () => {
  const cases = fc.record({ content: fc.uint8Array({ maxLength: 2000 }), length: fc.integer({ min: 1, max: 3000 }) })
  await fc.assert(
    fc.asyncProperty(cases, async ({ content, length }) => {
      const archive = await collect(tarOf('file', content.length, 0o644, pieces(content, 100)))
      expect(archive.length % 512).toBe(0)
      expect(await collect(fileInTar(pieces(archive, length)))).toEqual(Buffer.from(content))
    }),
    { numRuns: 50 },
  )
})

test('archives are those of tar, also with long names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tar-'))
  const tar = (...args: string[]) => execFileSync('tar', ['-C', folder, ...args])
  try {
    const name = 'x'.repeat(150)
    await writeFile(join(folder, name), 'content')
    for (const format of ['pax', 'gnu']) {
      expect(String(await collect(fileInTar(pieces(tar('-c', '-H', format, name), 700))))).toBe('content')
    }
    await expect(collect(fileInTar(pieces(tar('-c', '.'), 700)))).rejects.toThrow('it is not a file')
    await writeFile(join(folder, 'ours.tar'), await collect(tarOf('ours', 3, 0o640, pieces(Buffer.from('abc'), 9))))
    expect(String(tar('-t', '-v', '-f', join(folder, 'ours.tar')))).toMatch(/^-rw-r-----\s.*\s3\s.*\sours\n$/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('an archive that ends early is refused', async () => {
  const archive = await collect(tarOf('file', 3, 0o644, pieces(Buffer.from('abc'), 9)))
  await expect(collect(fileInTar(pieces(archive.subarray(0, 514), 700)))).rejects.toThrow('its archive ends early')
})
