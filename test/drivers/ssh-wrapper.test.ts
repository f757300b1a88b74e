import { expect, test } from 'vitest'

import { SSHWrapper } from '../../src/drivers/index.ts'

test('all mistakes of a config are told at once, without secrets', () => {
  const config = {
    ...{ default_username: 7, ssh_identity: ['very secret'], ssh_identity_file: '/x', password: { p: 'very secret' } },
    ...{ host_key: 'MD5:12', port: 22 },
  } as never
  expect(() => new SSHWrapper(config)).toThrow(
    'default_username is 7; it has to be a text; ssh_identity has a wrong value; it has to be a text; ' +
      'password has a wrong value; it has to be a text; host_key is "MD5:12"; it has to be the fingerprint that ' +
      '`ssh-keygen -l` prints, SHA256: and 43 characters; port is an unknown key; known keys: default_username, ' +
      'ssh_command, ssh_identity, ssh_identity_file, password, host_key; ' +
      'ssh_identity_file is given besides ssh_identity; leave one out',
  )
})

test("without config it has Jumpstarter's defaults", async () => {
  const driver = new SSHWrapper()
  expect([driver.getDefaultUsername(), await driver.getSshIdentity(), driver.getSshPassword()]).toEqual([
    '',
    null,
    null,
  ])
  expect(driver.getSshCommand()).toBe(
    'ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR',
  )
  const fingerprint = `SHA256:${'a'.repeat(43)}`
  expect(new SSHWrapper({ host_key: fingerprint }).labels).toEqual({ 'vitest-hardware/ssh-host-key': fingerprint })
})
