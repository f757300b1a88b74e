/** A state of one board, with a check that has its clients. */
interface BoundState<State extends string> {
  readonly name: State
  readonly timeoutMs: number
  check(signal: AbortSignal): Promise<boolean>
}

/** An edge of one board. */
export interface BoundEdge<State extends string> {
  readonly from: 'any' | readonly State[]
  readonly to: State
  readonly timeoutMs: number
  readonly costMs: number
  readonly name: string | undefined
  run(signal: AbortSignal): Promise<unknown>
}

/** The definition of a board together with the clients of one. */
export interface BoundBoard<State extends string> {
  readonly states: readonly BoundState<State>[]
  readonly edges: readonly BoundEdge<State>[]
  readonly timeoutMs: number
}
