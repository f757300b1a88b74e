import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { execa } from 'execa'
import { expect, test } from 'vitest'

import { connect } from '../../src/index.ts'
import { createTalkerExporter } from '../support/talker-exporter.ts'

test('an exporter whose output nobody reads any more goes on, and leaves the board safe', async () => {
  const { cli, file, calls } = await createTalkerExporter()
  await using exporter = cli.start(['run', '--exporter-config', file])
  const address = await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
  await exporter.prints(/is ready; Ctrl-C ends it/)
  exporter.child.stdout.destroy()
  exporter.child.stderr.destroy()
  const connection = await connect(address)
  const power = connection.root.children['power']
  for (let time = 0; time < 3; time++) await power?.call('on')
  connection.close()
  exporter.child.kill('SIGTERM')
  expect((await exporter.child).exitCode).toBe(143)
  expect(calls()).toEqual(['on', 'on', 'on', 'off'])
})

test('output that a full disk does not take is one error', async ({ skip }) => {
  skip(process.platform !== 'linux', '/dev/full is a device of Linux')
  const { cli, file } = await createTalkerExporter()
  const script =
    '"$NODE" "$MAIN" shell --exporter-config "$FILE" -- sh -c \'"$NODE" "$MAIN" call power.read > /dev/full\''
  const env = { NODE: process.execPath, MAIN: cli.mainFile, FILE: file }
  const called = await cli.command('sh', ['-c', script], { env })
  expect(called.stderr.match(/^error: .*$/gm)).toEqual([
    'error: cannot write the output: ENOSPC: no space left on device, write',
  ])
  expect(called.code).toBe(1)
})

test('a disk that gets full, or has no inodes left, while a session is open keeps no board on', async ({ skip }) => {
  const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
  skip(!canMount, 'this user cannot mount file systems')
  const { cli, file, calls } = await createTalkerExporter()
  const folder = join(cli.folder, 'small')
  mkdirSync(folder)
  const script = `
    mount -t tmpfs -o size=64k,nr_inodes=12 none "$TMPDIR" || exit 99
    fill() {
      cat /dev/zero > "$TMPDIR/full" 2> /dev/null
      for file in 1 2 3 4 5 6 7 8 9 10 11 12; do mkdir "$TMPDIR/$1$file" 2> /dev/null; done
    }
    "$NODE" "$MAIN" run --exporter-config "$FILE" > "$OUT" 2>&1 &
    exporter=$!
    for wait in $(seq 150); do grep -q ready "$OUT" && break; sleep 0.1; done
    export "$(grep JUMPSTARTER_HOST "$OUT")"
    "$NODE" "$MAIN" call power.on > /dev/null
    fill a
    kill -TERM $exporter
    wait $exporter
    echo "exit $?"
    ls "$TMPDIR"
    fill b
    timeout 10 "$NODE" "$MAIN" run --exporter-config "$FILE"`
  const { stdout, stderr } = await execa('unshare', ['-rm', 'sh', '-c', script], {
    env: { TMPDIR: folder, NODE: process.execPath, MAIN: cli.mainFile, FILE: file, OUT: join(cli.folder, 'out') },
    reject: false,
    timeout: 60_000,
  })
  expect(stdout).toContain('exit 143')
  expect(stdout).not.toContain('vitest-hardware-')
  // The second exporter cannot start, and leaves the board safe.
  expect(calls()).toEqual(['on', 'off', 'off'])
  expect(readFileSync(join(cli.folder, 'out'), 'utf8')).not.toMatch(/error|ENOSPC/)
  expect(stderr).toContain(`error: Cannot make a folder in ${folder}, the folder for temporary files (TMPDIR): ENOSPC`)
})
