/** The label that names a driver's client class. */
export const clientLabel = 'jumpstarter.dev/client'

/** The label that names a driver under its parent, and an exporter. */
export const nameLabel = 'jumpstarter.dev/name'
