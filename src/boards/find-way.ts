/** What a way is found by: where an edge can be taken, where it leads, and what it costs. */
export interface WayEdge<State extends string> {
  /** The states it can be taken from; `any` is all of them, and a board in none of them. */
  readonly from: 'any' | readonly State[]
  readonly to: State
}

/**
 * The cheapest way from one state to another (Dijkstra's).
 *
 * @param start where the board is; `undefined` when it is in no known state
 * @param costOf what taking an edge costs, 0 or above; `Infinity` for one that is not to be taken
 * @returns the edges in order, or `undefined` where no way leads there
 */
export function findWay<State extends string, Edge extends WayEdge<State>>(
  edges: readonly Edge[],
  start: State | undefined,
  goal: State,
  costOf: (edge: Edge) => number,
): readonly Edge[] | undefined {
  const done = new Set<State | undefined>()
  const reached = new Map<State | undefined, { readonly cost: number; readonly way: readonly Edge[] }>([
    [start, { cost: 0, way: [] }],
  ])
  for (;;) {
    const [here, best] = cheapest(reached, done) ?? []
    if (best === undefined || here === goal) return best?.way
    done.add(here)
    for (const edge of edges) {
      const cost = best.cost + costOf(edge)
      const known = reached.get(edge.to)?.cost ?? Infinity
      if (canBeTaken(edge, here) && cost < known) reached.set(edge.to, { cost, way: [...best.way, edge] })
    }
  }
}

function canBeTaken<State extends string>({ from }: WayEdge<State>, here: State | undefined): boolean {
  return from === 'any' || (here !== undefined && from.includes(here))
}

function cheapest<Key, Value extends { readonly cost: number }>(
  reached: ReadonlyMap<Key, Value>,
  done: ReadonlySet<Key>,
): readonly [Key, Value] | undefined {
  let found: readonly [Key, Value] | undefined
  for (const entry of reached) {
    if (!done.has(entry[0]) && (found === undefined || entry[1].cost < found[1].cost)) found = entry
  }
  return found
}
