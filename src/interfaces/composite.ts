import { defineInterface } from './define.ts'

/** A driver that only groups others. */
export const Composite = defineInterface({
  client: 'jumpstarter_driver_composite.client.CompositeClient',
  methods: {},
})
