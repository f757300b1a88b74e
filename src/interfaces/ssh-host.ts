import { call, defineInterface } from './define.ts'

/** The label with the fingerprint of the host's key: `SHA256:…`. */
export const sshHostKeyLabel = 'vitest-hardware/ssh-host-key'

/** A machine that is reached by SSH. Its child `tcp` is the connection to its port. */
export const SshHost = defineInterface({
  client: 'jumpstarter_driver_ssh.client.SSHWrapperClient',
  methods: {
    /** The name of the user; empty if the driver's config has none. */
    getDefaultUsername: call<() => string>({ idempotent: true }),
    /** The command line of ssh with its options. */
    getSshCommand: call<() => string>({ idempotent: true }),
    /** The private key; null if the driver's config has none. */
    getSshIdentity: call<() => string | null>({ idempotent: true }),
    /** The password; null if the driver's config has none. Jumpstarter's driver does not have this method. */
    getSshPassword: call<() => string | null>({ idempotent: true }),
  },
})
