import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { findPython } from '../../../src/runtime/config/find-python.ts'

/** Makes a folder in which programs are installed, as pipx and virtual environments do it. */
async function createFolders() {
  const folder = await createPrivateFolder()
  onTestFinished(() => folder.remove())
  const path = (...names: string[]) => join(folder.path, ...names)
  const bin = path('bin')
  const venv = path('venv')
  for (const made of [bin, venv]) mkdirSync(made)
  return { path, bin, venv }
}

test('the Python beside jmp is found, also through a link', async () => {
  const { bin, venv } = await createFolders()
  for (const name of ['jmp', 'python3']) writeFileSync(join(venv, name), '')
  symlinkSync(join(venv, 'jmp'), join(bin, 'jmp'))
  expect(findPython(`/nowhere:${bin}`)).toBe(join(venv, 'python3'))
  expect(findPython(`:${venv}:${bin}`)).toBe(join(venv, 'python3'))
})

test('without jmp, or without a Python beside it, it is the one of PATH', async () => {
  const { bin } = await createFolders()
  expect(findPython('')).toBe('python3')
  expect(findPython(bin)).toBe('python3')
  writeFileSync(join(bin, 'jmp'), '')
  expect(findPython(bin)).toBe('python3')
})
