/** The interfaces of this package, with the names of the arguments, which only the source has. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

import { toWireName } from '../../src/interfaces/define.ts'
import * as interfaces from '../../src/interfaces/index.ts'
import type { ExportedMethod, MethodArgument } from './wheels.ts'

/** An interface of this package, by the names on the wire. */
export interface OurInterface {
  readonly name: string
  readonly client: string
  readonly methods: Readonly<Record<string, ExportedMethod>>
}

/** A node of a syntax tree in the form of ESTree. */
interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

type Arguments = ReadonlyMap<string, readonly MethodArgument[]>

const folder = fileURLToPath(new URL('../../src/interfaces', import.meta.url))

/** Reads all interfaces. */
export function readOurInterfaces(): OurInterface[] {
  const declared = new Map<string, Node>()
  for (const file of readdirSync(folder)) collectDeclarations(`${folder}/${file}`, declared)
  return (Object.entries(interfaces) as readonly (readonly [string, object])[])
    .filter((entry): entry is readonly [string, interfaces.InterfaceDefinition] => 'client' in entry[1])
    .map(([name, { client, methods }]) => {
      const args = argumentsOf(name, declared)
      const described = Object.entries(methods).map(([method, { kind, wireName }]): [string, ExportedMethod] => {
        return [wireName ?? method, { kind, args: args.get(method) ?? [] }]
      })
      return { name, client, methods: Object.fromEntries(described) }
    })
}

/** Adds the methods of each interface of a file: `export const Power = defineInterface({ methods: … })`. */
function collectDeclarations(path: string, declared: Map<string, Node>): void {
  const { program } = parseSync(path, readFileSync(path, 'utf8'))
  for (const statement of program.body as unknown as Node[]) {
    const declaration = statement['declaration'] as Node | null | undefined
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declaration['declarations'] as { id: Node; init: Node }[]) {
      if (init.type !== 'CallExpression' || (init['callee'] as Node)['name'] !== 'defineInterface') continue
      const methods = property((init['arguments'] as Node[])[0] as Node, 'methods')
      if (methods !== undefined) declared.set(String(id['name']), methods)
    }
  }
}

function property(object: Node, name: string): Node | undefined {
  const found = (object['properties'] as Node[]).find(
    (each) => each.type === 'Property' && (each['key'] as Node)['name'] === name,
  )
  return found?.['value'] as Node | undefined
}

/** The arguments of an interface's methods, by the methods' names in code. */
function argumentsOf(name: string, declared: ReadonlyMap<string, Node>): Arguments {
  const methods = declared.get(name)
  if (methods === undefined) throw new Error(`${name} is not declared with defineInterface() in src/interfaces`)
  return argumentsIn(methods, declared)
}

/** @param methods an object of methods, or `Power.methods` */
function argumentsIn(methods: Node, declared: ReadonlyMap<string, Node>): Arguments {
  if (methods.type === 'MemberExpression') return argumentsOf(String((methods['object'] as Node)['name']), declared)
  const found = new Map<string, readonly MethodArgument[]>()
  for (const each of methods['properties'] as Node[]) {
    if (each.type === 'SpreadElement') {
      for (const [name, args] of argumentsIn(each['argument'] as Node, declared)) found.set(name, args)
    } else {
      found.set(String((each['key'] as Node)['name']), parametersOf(each['value'] as Node))
    }
  }
  return found
}

/** The parameters in `call<(a: string, b?: string) => void>()`, with their names on the wire. */
function parametersOf(made: Node): MethodArgument[] {
  const types = made['typeArguments'] as { params: Node[] } | null | undefined
  const parameters = (types?.params[0]?.['params'] ?? []) as Node[]
  return parameters.map((parameter) => {
    if (parameter.type === 'RestElement') return { name: wire(parameter['argument'] as Node), rest: true }
    return { name: wire(parameter), optional: parameter['optional'] === true }
  })
}

const wire = (node: Node) => toWireName(String(node['name']))
