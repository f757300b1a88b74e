import { call, defineInterface } from './define.ts'

/** A machine for tests of the Test Management Tool. Its child is `ssh`. */
export const Tmt = defineInterface({
  client: 'jumpstarter_driver_tmt.client.TMTClient',
  methods: {
    /** The command that resets the machine; empty if there is none. */
    getRebootCmd: call<() => string>({ idempotent: true }),
    getDefaultUserPass: call<() => readonly [user: string, password: string]>({ idempotent: true }),
  },
})
