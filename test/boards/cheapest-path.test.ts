import { expect, test } from 'vitest'

import { cheapestPath } from '../../src/boards/cheapest-path.ts'

type State = 'off' | 'uboot' | 'linux'

const edges = [
  { name: 'power off', from: 'any', to: 'off', cost: 1 },
  { name: 'start', from: ['off'], to: 'uboot', cost: 5 },
  { name: 'boot', from: ['uboot'], to: 'linux', cost: 10 },
  { name: 'start and boot', from: ['off'], to: 'linux', cost: 20 },
] as const

function path(start: State | undefined, goal: State, costOf = (edge: (typeof edges)[number]): number => edge.cost) {
  return cheapestPath<State, (typeof edges)[number]>(edges, start, goal, costOf)?.map(({ name }) => name)
}

test('the cheapest path counts, also if it has more edges', () => {
  expect(path('off', 'linux')).toEqual(['start', 'boot'])
})

test('an edge from `any` also starts in no known state', () => {
  expect(path(undefined, 'uboot')).toEqual(['power off', 'start'])
  expect(path('linux', 'off')).toEqual(['power off'])
})

test('the path to the present state is empty', () => {
  expect(path('off', 'off')).toEqual([])
})

test('an edge of infinite cost is not taken', () => {
  expect(path('off', 'linux', (edge) => (edge.name === 'boot' ? Infinity : edge.cost))).toEqual(['start and boot'])
  expect(path('off', 'linux', ({ name, cost }) => (name.endsWith('boot') ? Infinity : cost))).toBeUndefined()
})
