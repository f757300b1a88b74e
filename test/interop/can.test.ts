import { describe, expect } from 'vitest'

import { CanClient } from '../../src/clients/drivers/can-client.ts'
import { toMessage } from '../../src/clients/drivers/can-frame.ts'
import { createNode } from '../conformance/support/can-frames.ts'
import { ModelBus, startSlcanAdapter } from '../conformance/support/slcan-adapter.ts'
import { missingCommand } from '../support/system-part.ts'
import { driverCells, useBothExporters } from './support/both-exporters.ts'
import { canEntries, canType, exchangeOnOurs, exchangeOnTheirs, pythonImports } from './support/can-exchange.ts'
import { pythonMissing } from './support/python.ts'

const { ourCell, theirCell } = driverCells({
  'CAN, virtual bus': canType,
  'CAN, random frames of every kind each way': canType,
  'CAN, adapter with the protocol of Lawicel (a model)': canType,
})

const limits = { timeoutMs: 20_000 }

const missing = pythonMissing() ?? missingCommand('socat')

describe.skipIf(missing !== undefined)(`CAN${missing === undefined ? '' : ` (${missing})`}`, () => {
  const [ourBus, theirBus] = [new ModelBus(), new ModelBus()]
  const [ourNode, theirNode] = [createNode(ourBus), createNode(theirBus)]
  const both = useBothExporters(async ({ peers }) => {
    const [ours, theirs] = [peers.use(await startSlcanAdapter(ourBus)), peers.use(await startSlcanAdapter(theirBus))]
    const adapter = (path: string) =>
      `  adapter: { type: ${canType}, config: { interface: slcan, channel: ${path} } }\n`
    const closed = `  closed: { type: ${canType}, config: { interface: virtual, channel: bench } }\n`
    return { entries: canEntries + closed, ourEntries: adapter(ours.path), theirEntries: adapter(theirs.path) }
  })
  const find = (name: string) => both.find(name, CanClient)

  ourCell('CAN, virtual bus', async () => {
    const [one, peer] = [find('can'), find('peer')]
    expect([await one.protocol(), await one.state()]).toEqual(['can-2.0', 'active'])
    expect(await one.channelInfo()).toContain('bench')
    await one.send({ id: 0x123, data: [1, 2, 255] })
    expect(await peer.receive(limits)).toMatchObject({ id: 0x123, data: Buffer.from([1, 2, 255]), isReceived: true })
    await peer.setFilters([{ id: 0x10, mask: 0x7f0 }])
    for (const id of [0x23, 0x1f]) await one.send({ id })
    expect(await peer.receive(limits)).toMatchObject({ id: 0x1f })
    await peer.setFilters(null)
    await expect(peer.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    // Jumpstarter's driver wants one id for all frames.
    const periodic = [Buffer.of(7), Buffer.of(8)]
    await using task = await one.sendPeriodic(
      periodic.map((data) => ({ id: 7, data })),
      { periodMs: 20 },
    )
    for (const data of [...periodic, ...periodic]) expect(await peer.receive(limits)).toMatchObject({ id: 7, data })
    await task.stop()
    for (const call of [one.flush(), one.setState('passive')]) {
      await expect(call).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    }
    await find('closed').shutdown()
    await peer.setFilters([{ id: 0x321, mask: 0x7ff }])
    await one.send({ id: 0x321 })
    expect(await peer.receive(limits)).toMatchObject({ id: 0x321 })
    await peer.setFilters(null)
  })

  theirCell('CAN, virtual bus', async () => {
    const code = `${pythonImports}
one, peer = client.can, client.peer
facts = [one.protocol == can.CanProtocol.CAN_20, one.state == can.BusState.ACTIVE, "bench" in one.channel_info]

def frame(identifier, data=b""):
    return can.Message(arbitration_id=identifier, is_extended_id=False, data=data)

def receive():
    got = peer.recv(20)
    return [got.arbitration_id, bytes(got.data).hex(), got.is_rx]

one.send(frame(0x123, bytes([1, 2, 255])))
plain = receive()
peer.set_filters([{"can_id": 0x10, "can_mask": 0x7F0, "extended": False}])
for identifier in (0x23, 0x1F):
    one.send(frame(identifier))
filtered = [receive(), peer.recv(0.1)]
peer.set_filters(None)
task = one.send_periodic([frame(7, bytes([7])), frame(7, bytes([8]))], 0.02)
periodic = [receive()[1] for _ in range(4)]
task.stop()

def refused(run):
    try:
        run()
    except NotImplementedError:
        return True

refusals = [refused(one.flush_tx_buffer), refused(lambda: setattr(one, "state", can.BusState.PASSIVE))]
client.closed.shutdown()
while peer.recv(0):
    pass
one.send(frame(0x321))
result = [facts, plain, filtered, periodic, refusals, receive()[0]]`
    expect(await both.python(code)).toEqual([
      [true, true, true],
      [0x123, '0102ff', true],
      [[0x1f, '', true], null],
      ['07', '08', '07', '08'],
      [true, true],
      0x321,
    ])
  })

  ourCell('CAN, random frames of every kind each way', () => exchangeOnTheirs(both, 300))
  theirCell('CAN, random frames of every kind each way', () => exchangeOnOurs(both, 300))

  ourCell('CAN, adapter with the protocol of Lawicel (a model)', async () => {
    const adapter = find('adapter')
    await adapter.send({ id: 0x18daf110, data: [1, 2, 3] })
    await expect.poll(() => theirNode.frames, { timeout: 20_000 }).toMatchObject([{ id: 0x18daf110 }])
    await theirNode.send(toMessage({ id: 0x42, data: [9] }))
    expect(await adapter.receive(limits)).toMatchObject({ id: 0x42, data: Buffer.of(9) })
  })

  theirCell('CAN, adapter with the protocol of Lawicel (a model)', async () => {
    const received = both.python(`${pythonImports}
client.adapter.send(message("18daf110 x--- 3 010203"))
result = text(client.adapter.recv(20))`)
    await expect.poll(() => ourNode.frames, { timeout: 20_000 }).toMatchObject([{ id: 0x18daf110 }])
    await ourNode.send(toMessage({ id: 0x42, data: [9] }))
    expect(await received).toBe('42 ---- 1 09')
  })
})
