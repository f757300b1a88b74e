import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { removeAbandonedFolders } from '../../src/base/abandoned-folders.ts'
import { createPrivateFolder, createWatchedFolder, removePrivateFolder } from '../../src/base/private-folder.ts'

/** Listens on a socket in a process that is killed, so that the socket stays. */
async function abandon(socket: string): Promise<void> {
  const program = 'require("node:net").createServer().listen(process.argv[1], () => console.log("listening"))'
  const child = spawn(process.execPath, ['-e', program, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Makes a folder one that has been there for a minute. */
async function age(folder: string): Promise<void> {
  const then = new Date(Date.now() - 60_000)
  await utimes(folder, then, then)
}

test('folders of killed processes are removed, and no others', async () => {
  const folders = await Promise.all(Array.from({ length: 7 }, () => createPrivateFolder()))
  const [dead = '', nested = '', alive = '', young = '', without = '', half = '', begun = ''] = folders.map(
    ({ path }) => path,
  )
  await mkdir(join(nested, 'p-x'))
  await Promise.all([join(dead, 's'), join(nested, 'p-x', 's'), join(young, 's'), join(alive, 'dead')].map(abandon))
  const server = createServer().listen(join(alive, 'alive'))
  await once(server, 'listening')
  await writeFile(join(without, 'image'), 'of a driver')
  await Promise.all([dead, nested, alive, without].map(age))

  // Without sockets: one that was just being removed, and one that was just being made.
  await rename(half, `${half}.removed`)
  const unfinished = begun.replace(/[^-]*$/, 'new-$&')
  await rename(begun, unfinished)
  await age(unfinished)
  const watched = await createWatchedFolder()
  await age(watched.path)
  await removeAbandonedFolders()
  expect([`${half}.removed`, unfinished, watched.path].map(existsSync)).toEqual([false, false, true])
  expect([dead, nested, alive, young, without].map(existsSync)).toEqual([false, false, true, true, true])
  server.close()
  await Promise.all([...folders, watched].map((folder) => folder.remove()))
})

test('a removal that a killed process has begun is ended by the next that removes the folder', async () => {
  const { path } = await createPrivateFolder()
  await writeFile(join(path, 'image'), 'of a driver')
  await rename(path, `${path}.removed`)
  await removePrivateFolder(path)
  expect(existsSync(`${path}.removed`)).toBe(false)
  await removePrivateFolder(path)
})
