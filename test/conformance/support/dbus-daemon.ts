import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { ProcessOutput } from '../../support/process-output.ts'

/** Starts a bus of its own: dbus-daemon on a socket in a private folder, with EXTERNAL as the only way to authenticate. */
export async function startBus() {
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'bus')
  const config = join(folder.path, 'bus.conf')
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
`,
  )
  const args = [`--config-file=${config}`, '--nofork', '--nopidfile', '--print-address']
  const daemon = execa('dbus-daemon', args, { reject: false, buffer: false })
  const output = new ProcessOutput(daemon)
  const end = async () => {
    daemon.kill('SIGKILL')
    await daemon
  }
  const dispose = async () => {
    await end()
    await folder.remove()
  }
  try {
    await output.prints('unix:path=')
  } catch (error) {
    await dispose()
    throw error
  }
  return { address: `unix:path=${path}`, end, [Symbol.asyncDispose]: dispose }
}
