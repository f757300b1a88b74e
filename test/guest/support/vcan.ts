import { execa } from 'execa'

/** Makes a virtual CAN bus of the kernel, as a network interface. */
export async function addBus(name: string) {
  const ip = (...args: readonly string[]) => execa('ip', args)
  const add = async () => {
    await ip('link', 'add', 'dev', name, 'type', 'vcan')
    await ip('link', 'set', name, 'mtu', '72')
    await ip('link', 'set', name, 'up')
  }
  const remove = () => ip('link', 'delete', name)
  await add()
  return {
    name,
    add,
    remove,
    set: (...settings: readonly string[]) => ip('link', 'set', name, ...settings),
    [Symbol.asyncDispose]: async () => {
      await remove()
    },
  }
}
