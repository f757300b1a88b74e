import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** A debug probe that probe-rs works. A failed command has an empty text as its result, and the reason in the exporter's log. */
export const ProbeRs = defineInterface({
  client: 'jumpstarter_driver_probe_rs.client.ProbeRsClient',
  methods: {
    /** The output of `probe-rs info`. */
    info: call<() => string>({ idempotent: true }),
    resetTarget: call<() => string>(),
    /** Erases the whole flash. */
    erase: call<() => string>({ idempotent: true }),
    /** Writes a program with its addresses, such as an ELF file. The target does not run before it is reset. */
    download: call<(src: ResourceHandle) => string>(),
    /**
     * Reads memory.
     *
     * @param width `b8`, `b16`, `b32` or `b64`
     * @param address such as `0x20000000`
     * @param words their number, as a text
     * @returns the words in hexadecimal digits
     */
    read: call<(width: string, address: string, words: string) => readonly string[]>({ idempotent: true }),
  },
})
