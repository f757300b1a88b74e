/** Lets the test of this project do what its tests cannot: end a lease, cut a link, pull out an adapter. */
export async function control(action: 'cut' | 'end lease' | 'router' | 'unplug'): Promise<void> {
  await fetch(`${process.env['CONTROL']}/${encodeURIComponent(action)}`)
}
