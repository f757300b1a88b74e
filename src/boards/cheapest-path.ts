/** An edge of the graph of states. */
export interface PathEdge<State extends string> {
  /** The states from which it can be taken; `any` is all of them, and a board in none of them. */
  readonly from: 'any' | readonly State[]
  readonly to: State
}

/**
 * Finds the cheapest path from one state to another (Dijkstra's algorithm).
 *
 * @param start the state of the board; `undefined` when it is in no known state
 * @param costOf returns the cost of an edge, 0 or above; `Infinity` for an edge that must not be taken
 * @returns the edges in order, or `undefined` if there is no path
 */
export function cheapestPath<State extends string, Edge extends PathEdge<State>>(
  edges: readonly Edge[],
  start: State | undefined,
  goal: State,
  costOf: (edge: Edge) => number,
): readonly Edge[] | undefined {
  const done = new Set<State | undefined>()
  const reached = new Map<State | undefined, { readonly cost: number; readonly path: readonly Edge[] }>([
    [start, { cost: 0, path: [] }],
  ])
  for (;;) {
    const [here, best] = cheapest(reached, done) ?? []
    if (best === undefined || here === goal) return best?.path
    done.add(here)
    for (const edge of edges) {
      const cost = best.cost + costOf(edge)
      const known = reached.get(edge.to)?.cost ?? Infinity
      if (canBeTaken(edge, here) && cost < known) reached.set(edge.to, { cost, path: [...best.path, edge] })
    }
  }
}

function canBeTaken<State extends string>({ from }: PathEdge<State>, here: State | undefined): boolean {
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
