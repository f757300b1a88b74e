import { call, defineInterface } from './define.ts'

/** The command line of U-Boot. Its children are `power` and `serial`. */
export const UbootConsole = defineInterface({
  client: 'jumpstarter_driver_uboot.client.UbootConsoleClient',
  methods: {
    /** The prompt, with the end of the line before it: `\n=>`. */
    getPrompt: call<() => string>({ idempotent: true }),
  },
})
