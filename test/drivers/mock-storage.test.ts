import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { FlasherClient, StorageMuxClient, StorageMuxFlasherClient } from '../../src/clients/index.ts'
import { MockFlasher, MockStorageMux, MockStorageMuxFlasher } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'

const image = Buffer.concat([randomBytes(300_001), Buffer.alloc(2_000_000, 'image ')])

let folder: PrivateFolder
let file: string
let temporary: string
beforeEach(async () => {
  folder = await createPrivateFolder()
  file = join(folder.path, 'dump')
  temporary = join(folder.path, 't')
  await mkdir(temporary)
  vi.stubEnv('TMPDIR', temporary)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await folder.remove()
})

describe('MockFlasher', () => {
  test('gives back what was flashed, for each partition', async () => {
    await using flasher = await serve(new MockFlasher(), { client: FlasherClient })
    await flasher.flash(image)
    await flasher.flash(Buffer.from('boot'), { target: 'boot' })
    await flasher.flash(Buffer.from('new boot'), { target: 'boot' })
    await flasher.dump(file)
    expect((await readFile(file)).equals(image)).toBe(true)
    await flasher.dump(file, { target: 'default' })
    expect((await readFile(file)).equals(image)).toBe(true)
    await flasher.dump(file, { target: 'boot' })
    expect(await readFile(file, 'utf8')).toBe('new boot')
  })

  test.each(['../escape', '/etc/escape', '..', '', 'a/b', 'x'.repeat(300), '__proto__'])(
    'takes %j for a name and no path',
    async (target) => {
      {
        await using flasher = await serve(new MockFlasher(), { client: FlasherClient })
        await flasher.flash(Buffer.from('x'), { target })
        await flasher.dump(file, { target })
        expect(await readFile(file, 'utf8')).toBe('x')
      }
      expect(await readdir(folder.path)).toEqual(expect.arrayContaining(['dump', 't']))
      expect(await readdir(folder.path)).toHaveLength(2)
    },
  )

  test('has nothing where nothing was flashed', async () => {
    await using flasher = await serve(new MockFlasher(), { client: FlasherClient })
    await expect(flasher.dump(file)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: "dump: Partition 'default' has not been flashed; flashed are: none",
    })
    await flasher.flash(image, { target: 'boot' })
    await expect(flasher.dump(file, { target: 'root' })).rejects.toThrow("flashed are: 'boot'")
    await expect(flasher.call('flash', (await flasher.resource()).handle, 5 as never)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    })
  })

  test('keeps what it had when an image does not arrive completely', async () => {
    await using flasher = await serve(new MockFlasher(), { client: FlasherClient })
    await flasher.flash(image)
    await expect(flasher.flash(image, { encoding: 'gzip' })).rejects.toThrow('incorrect header check')
    const controller = new AbortController()
    const { stream, handle } = await flasher.resource()
    const flashed = flasher.with({ signal: controller.signal }).call('flash', handle)
    flashed.catch(() => undefined)
    stream.on('error', () => undefined).write(image)
    controller.abort()
    await expect(flashed).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    stream.destroy()
    await flasher.dump(file)
    expect((await readFile(file)).equals(image)).toBe(true)
  })

  test('leaves nothing behind', async () => {
    {
      await using flasher = await serve(new MockFlasher(), { client: FlasherClient })
      await flasher.flash(image)
      expect(await readdir(temporary)).not.toEqual([])
    }
    expect(await readdir(temporary)).toEqual([])
  })
})

describe('MockStorageMux', () => {
  test('is empty at first, and keeps what is written', async () => {
    {
      await using mux = await serve(new MockStorageMux(), { client: StorageMuxClient })
      await mux.host()
      await mux.read(file)
      expect(await readFile(file, 'utf8')).toBe('')
      await mux.write(image)
      await mux.dut()
      await mux.off()
      await mux.read(file)
      expect((await readFile(file)).equals(image)).toBe(true)
    }
    expect(await readdir(temporary)).toEqual([])
  })

  test('is flashed in one step', async () => {
    await using mux = await serve(new MockStorageMuxFlasher(), { client: StorageMuxFlasherClient })
    await mux.flash(image)
    await mux.dump(file, { encoding: 'gzip' })
    await mux.flash(file, { encoding: 'gzip' })
    await mux.dump(file)
    expect((await readFile(file)).equals(image)).toBe(true)
    expect(mux.clientPath).toBe('jumpstarter_driver_opendal.client.StorageMuxFlasherClient')
  })
})

test.each([
  ['MockFlasher', MockFlasher],
  ['MockStorageMux', MockStorageMux],
  ['MockStorageMuxFlasher', MockStorageMuxFlasher],
])('%s has nothing to configure', (_, Mock) => {
  expect(() => new Mock({ size: 5 } as never)).toThrow('size is an unknown key')
})
