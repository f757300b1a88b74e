import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Daemon } from '../../support/daemon.ts'

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
  const command = ['dbus-daemon', `--config-file=${config}`, '--nofork', '--nopidfile', '--print-address'] as const
  const daemon = await Daemon.start(command, { ready: /unix:path=/ })
  return {
    address: `unix:path=${path}`,
    /** Ends the bus and its connections … */
    interrupt: () => daemon.kill(),
    /** … and starts it again at the same address. */
    restore: () => daemon.restart(),
    async [Symbol.asyncDispose]() {
      await daemon.kill()
      await folder.remove()
    },
  }
}
