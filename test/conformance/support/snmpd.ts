import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Daemon } from '../../support/daemon.ts'
import { freeUdpPort } from '../../support/free-port.ts'

/**
 * The outlets of a unit, for snmpd's pass_persist: each OID that it has is a file with an integer. It stands still as long as there
 * is a file `stuck`. snmpd sends an empty line after a SET.
 */
const outletsScript = `#!/bin/sh
while read -r command; do
  while [ -f stuck ]; do sleep 0.05; done
  case "$command" in
    PING) echo PONG ;;
    get | getnext)
      read -r oid
      if [ "$command" = get ] && [ -f "$oid" ]; then printf '%s\\ninteger\\n%s\\n' "$oid" "$(cat "$oid")"; else echo NONE; fi ;;
    set)
      read -r oid; read -r type value
      if [ -f "$oid" ]; then echo "$value" > "$oid"; echo "$oid $value" >> writes; echo DONE; else echo not-writable; fi ;;
  esac
done
`

/** The users of SNMPv3 that the daemon has. */
export const snmpUsers = {
  plain: { user: 'plain' },
  signed: { user: 'signed', auth_protocol: 'MD5', auth_key: 'auth pass 1' },
  strong: { user: 'strong', auth_protocol: 'SHA512', auth_key: 'auth pass 3' },
  sealed: {
    user: 'sealed',
    auth_protocol: 'SHA',
    auth_key: 'auth pass 2',
    priv_protocol: 'AES',
    priv_key: 'priv pass 2',
  },
} as const

const config = (port: number, script: string, roots: readonly string[]) => `
agentAddress udp:127.0.0.1:${port}
rwcommunity private 127.0.0.1
rocommunity public 127.0.0.1
createUser plain
createUser signed MD5 "auth pass 1"
createUser sealed SHA "auth pass 2" AES "priv pass 2"
createUser strong SHA-512 "auth pass 3"
rwuser strong auth
rwuser plain noauth
rwuser signed auth
rwuser sealed priv
${roots.map((root) => `pass_persist .${root} ${script}`).join('\n')}
`

/** A power distribution unit: snmpd with the outlets of a script, each an OID that is writable, with its value at the begin. */
export async function startSnmpd(values: Readonly<Record<string, number>>) {
  const folder = await createPrivateFolder()
  const file = (name: string) => join(folder.path, name)
  const port = await freeUdpPort()
  writeFileSync(file('outlets.sh'), outletsScript, { mode: 0o755 })
  for (const [oid, value] of Object.entries(values)) writeFileSync(file(`.${oid}`), `${value}\n`)
  const roots = Object.keys(values).map((oid) => oid.replace(/\.\d+$/, ''))
  writeFileSync(file('snmpd.conf'), config(port, file('outlets.sh'), [...new Set(roots)]))
  mkdirSync(file('users'))
  const daemon = await Daemon.start(['snmpd', '-f', '-Lo', '-C', '-c', file('snmpd.conf')], {
    cwd: folder.path,
    // No modules of the system. The keys of users are kept in a folder of their own, where snmpd renames a snmpd.conf.
    env: { MIBS: '', SNMP_PERSISTENT_DIR: file('users') },
    ready: /NET-SNMP version/,
  })
  return {
    port,
    /** The value of an OID now. */
    value: (oid: string) => Number(readFileSync(file(`.${oid}`), 'utf8')),
    /** The writes in their order, each an OID and a value. */
    get writes(): readonly string[] {
      return existsSync(file('writes')) ? readFileSync(file('writes'), 'utf8').trim().split('\n') : []
    },
    /** Lets it stand still, or go on. */
    stick: (isStuck: boolean) => (isStuck ? writeFileSync(file('stuck'), '') : rmSync(file('stuck'), { force: true })),
    kill: () => daemon.kill(),
    restart: () => daemon.restart(),
    async [Symbol.asyncDispose]() {
      rmSync(file('stuck'), { force: true })
      await daemon.kill()
      await folder.remove()
    },
  }
}
