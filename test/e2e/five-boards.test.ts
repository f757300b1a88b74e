import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { reasonAgainstDocker, startDocker } from '../conformance/support/docker.ts'
import { config, createProject } from '../support/project.ts'
import { rawPty, startSocat } from '../support/socat.ts'
import { needsCommand } from '../support/system-part.ts'

const examples = new URL('../../examples/', import.meta.url)
const images = {
  'uno.hex': 'microcontroller/firmware/firmware.hex',
  'pico.uf2': 'boards/firmware/pico.uf2',
  'microbit.elf': 'microbit/firmware/firmware.elf',
} as const

/** Makes a project whose tests run on one board, which only its config names. */
async function createBoardProject(board: string) {
  const options = { exporters: { board: `${board}.yaml` } }
  const project = await createProject({ 'vitest.config.js': config(options) }, 'five-boards')
  await mkdir(join(project.folder, 'images'))
  for (const [name, path] of Object.entries(images)) {
    await copyFile(new URL(path, examples), join(project.folder, 'images', name))
  }
  return project
}

const runFiles = async (project: Awaited<ReturnType<typeof createBoardProject>>, files: string[], env = {}) => {
  const { code, output } = await project.vitest(['run', ...files], env)
  expect(code, output).toBe(0)
}

test.each(['uno', 'pico', 'microbit'])('the tests pass on the %s', async (board) => {
  await using project = await createBoardProject(board)
  await runFiles(project, ['boards.test.ts', 'pins.test.ts'])
})

test('the tests pass on a script at the end of a serial line', async ({ skip }) => {
  needsCommand('socat', skip)
  await using project = await createBoardProject('script')
  const [port, device] = [join(project.folder, 'port'), join(project.folder, 'device')]
  await using _ = await startSocat(rawPty(port), `${rawPty(device)},icrnl`)
  await runFiles(project, ['boards.test.ts'])
})

test('the tests pass on QEMU in a container', async ({ skip }) => {
  const reason = reasonAgainstDocker()
  skip(reason !== undefined, reason)
  needsCommand('qemu-system-arm', skip)
  await using docker = await startDocker()
  await docker.importProgram('/usr/bin/qemu-system-arm', 'qemu:test')
  await using project = await createBoardProject('container')
  await runFiles(project, ['boards.test.ts'], { DOCKER_HOST: docker.host })
  expect(await docker.docker('ps', '--all', '--quiet')).toBe('')
})
