import { defineInterface } from './define.ts'

/** A virtual device of Corellium. Its children are `power` and `serial`. */
export const Corellium = defineInterface({
  client: 'jumpstarter_driver_corellium.client.CorelliumClient',
  methods: {},
})
