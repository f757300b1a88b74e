import { byteStream, call, defineInterface, streaming } from 'vitest-hardware'
import { z } from 'zod'

const Reading = z.object({ celsius: z.number(), heating: z.boolean() })

/** The methods of every thermostat. */
export const Thermostat = defineInterface({
  client: 'example.ThermostatClient',
  methods: {
    setTarget: call({ args: [z.number().min(5).max(30)] }),
    query: call<(param: string) => string>(),
    readings: streaming({ result: Reading }),
    console: byteStream(),
  },
})
