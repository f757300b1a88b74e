import { call, defineInterface } from './define.ts'

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
  },
})
