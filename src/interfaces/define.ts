import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Duplex } from 'node:stream'

/** Any function; the base of what describes a method's signature. */
// oxlint-disable-next-line typescript/no-explicit-any -- the only type every signature is assignable to
type Signature = (...args: any[]) => unknown

/** The three ways a method crosses the wire. */
export type MethodKind = 'call' | 'streaming' | 'byteStream'

/**
 * One method of an interface. `Driver` is the signature its driver implements, `Client` the one a client calls; they
 * differ where a schema transforms, because each side sees the values its own validation lets through.
 */
export interface MethodDefinition<
  Kind extends MethodKind = MethodKind,
  Driver extends Signature = Signature,
  Client extends Signature = Signature,
> {
  readonly kind: Kind
  /** The name on the wire. {@link defineInterface} fills it in where it is not given. */
  readonly wireName: string | undefined
  /** A schema for each argument, in order. */
  readonly args: readonly StandardSchemaV1[] | undefined
  /** The schema of the result, or of each record of a streaming call. */
  readonly result: StandardSchemaV1 | undefined
  /** See {@link MethodBehaviour.idempotent}. */
  readonly idempotent?: boolean | undefined
  /** Only for the types; never there. */
  readonly '~signatures'?: { readonly driver: Driver; readonly client: Client }
}

/** The properties of a method besides its signature. */
export interface MethodBehaviour {
  /** The name on the wire (default: the method's name in snake_case). */
  readonly wireName?: string | undefined
  /**
   * True if two calls have the effect of one call (default false). `on` is idempotent; the press of a button is not. When the
   * connection to a controller's exporter breaks before the answer has come, and is restored, such a call is made again. An
   * idempotent byte stream is opened again and goes on.
   */
  readonly idempotent?: boolean | undefined
}

/** Options of {@link call} and {@link streaming}. */
export interface MethodOptions<
  Args extends readonly StandardSchemaV1[] = readonly StandardSchemaV1[],
  Result extends StandardSchemaV1 = StandardSchemaV1,
> extends MethodBehaviour {
  /** A Standard Schema (zod, valibot, arktype …) for each argument. */
  readonly args?: Args | undefined
  /** A Standard Schema of the result, or of each record. */
  readonly result?: Result | undefined
}

/** Arguments whose schemas accept `undefined` may be left out at the end. */
type OptionalTail<Args extends readonly unknown[]> = Args extends readonly [...infer Head, infer Last]
  ? undefined extends Last
    ? [...OptionalTail<Head>, Last?]
    : [...Args]
  : [...Args]

type InputsOf<Args extends readonly StandardSchemaV1[]> = OptionalTail<{
  -readonly [K in keyof Args]: StandardSchemaV1.InferInput<Args[K]>
}>
type OutputsOf<Args extends readonly StandardSchemaV1[]> = OptionalTail<{
  -readonly [K in keyof Args]: StandardSchemaV1.InferOutput<Args[K]>
}>

/** `Options` as `const` inference leaves them. An option that is missing means no arguments or no result. */
type ArgsOf<Options> = Options extends { readonly args: infer Args extends readonly StandardSchemaV1[] } ? Args : []
type DriverResult<Options> = Options extends { readonly result: infer Result extends StandardSchemaV1 }
  ? StandardSchemaV1.InferInput<Result>
  : void
type ClientResult<Options> = Options extends { readonly result: infer Result extends StandardSchemaV1 }
  ? StandardSchemaV1.InferOutput<Result>
  : void

type DriverSignature<Options> = (...args: OutputsOf<ArgsOf<Options>>) => DriverResult<Options>
type ClientSignature<Options> = (...args: InputsOf<ArgsOf<Options>>) => ClientResult<Options>

function method<Kind extends MethodKind>(kind: Kind, options: MethodOptions): MethodDefinition<Kind> {
  const { wireName, args, result, idempotent } = options
  return { kind, wireName, args, result, idempotent }
}

/**
 * A method with one answer: types alone, or a schema for each argument and for the result. With schemas, values are
 * checked before they leave one side and again when they reach the other.
 *
 * @example
 * ```ts
 * query: call<(param: string) => string>(),
 * setTarget: call({ args: [z.number()] }),
 * ```
 */
export function call<F extends Signature>(options?: MethodBehaviour): MethodDefinition<'call', F, F>
export function call<const Options extends MethodOptions>(
  options: Options,
): MethodDefinition<'call', DriverSignature<Options>, ClientSignature<Options>>
export function call(options: MethodOptions = {}): MethodDefinition<'call'> {
  return method('call', options)
}

/**
 * A method that answers with any number of records, one after another. Its signature returns one record:
 * `streaming<() => Reading>()`, or `streaming({ result: Reading })` with a schema.
 */
export function streaming<F extends Signature>(options?: MethodBehaviour): MethodDefinition<'streaming', F, F>
export function streaming<const Options extends MethodOptions>(
  options: Options,
): MethodDefinition<'streaming', DriverSignature<Options>, ClientSignature<Options>>
export function streaming(options: MethodOptions = {}): MethodDefinition<'streaming'> {
  return method('streaming', options)
}

/** A method that opens a bidirectional stream of bytes, such as a serial console. It takes no arguments. */
export function byteStream(options: MethodBehaviour = {}): MethodDefinition<'byteStream', () => Duplex, () => Duplex> {
  return method('byteStream', options) as MethodDefinition<'byteStream', () => Duplex, () => Duplex>
}

/** The methods of an interface by their names in code. */
export type MethodTable = Readonly<Record<string, MethodDefinition>>

/** The contract of one kind of device: its methods, and the client class that uses it. */
export interface InterfaceDefinition<Client extends string = string, Methods extends MethodTable = MethodTable> {
  /** Class path of the client, the value of the label `jumpstarter.dev/client`. */
  readonly client: Client
  readonly methods: Methods
  /** The method, without arguments, that brings the device to a state it may be left in: `off` for power. */
  readonly safe?: string | undefined
}

/**
 * Defines the contract that a driver implements and a client calls.
 *
 * @param definition.client the class path of the client: Jumpstarter's path if users of Python have such a client, else a new
 *   name
 * @param definition.methods the methods, made with {@link call}, {@link streaming} and {@link byteStream}
 * @param definition.safe the method, without arguments, that brings the device to a state it may be left in: `off` for
 *   power. The exporter calls it when a lease ends, unless the exporter's file has `safe`
 * @throws TypeError when two methods have one wire name, or `safe` is none of the calls
 *
 * @example
 * ```ts
 * export const Thermostat = defineInterface({
 *   client: 'example.ThermostatClient',
 *   methods: { setTarget: call({ args: [z.number()] }), query: call<(param: string) => string>() },
 * })
 * ```
 */
export function defineInterface<const Client extends string, Methods extends MethodTable>(definition: {
  readonly client: Client
  readonly methods: Methods
  readonly safe?: string | undefined
}): InterfaceDefinition<Client, Methods> {
  const methods: Record<string, MethodDefinition> = {}
  const taken = new Map<string, string>()
  for (const [name, described] of Object.entries(definition.methods)) {
    const wireName = described.wireName ?? toWireName(name)
    const other = taken.get(wireName)
    if (other !== undefined) {
      throw new TypeError(`Methods '${other}' and '${name}' of ${definition.client} have one wire name, '${wireName}'`)
    }
    taken.set(wireName, name)
    methods[name] = { ...described, wireName }
  }
  const { client, safe } = definition
  if (safe !== undefined && methods[safe]?.kind !== 'call') {
    throw new TypeError(`'${safe}', which makes a device of ${client} safe, is not one of its calls`)
  }
  return { client, methods: methods as Methods, safe }
}

/** The wire name of a method that no interface names: `setTarget` → `set_target`, `getURL` → `get_url`. */
export function toWireName(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

type MethodsOf<I extends InterfaceDefinition> = I['methods']
type DriverSide<M> = M extends MethodDefinition<MethodKind, infer Driver> ? Driver : never
type ClientSide<M> = M extends MethodDefinition<MethodKind, Signature, infer Client> ? Client : never

/**
 * The methods that a driver of an interface must have: `class MyRelay extends Driver implements Implementation<typeof Relay>`
 * makes a missing method or a wrong signature a compile error.
 */
export type Implementation<I extends InterfaceDefinition> = {
  [K in keyof MethodsOf<I>]: MethodsOf<I>[K] extends { readonly kind: 'call' }
    ? (...args: Parameters<DriverSide<MethodsOf<I>[K]>>) => MaybePromise<ReturnType<DriverSide<MethodsOf<I>[K]>>>
    : MethodsOf<I>[K] extends { readonly kind: 'streaming' }
      ? (...args: Parameters<DriverSide<MethodsOf<I>[K]>>) => Records<ReturnType<DriverSide<MethodsOf<I>[K]>>>
      : () => MaybePromise<Duplex>
}

type MaybePromise<T> = T | Promise<T>
type Records<T> = Iterable<T> | AsyncIterable<T>

/** The methods that a client of an interface can call. Every answer is a promise. */
export type Methods<I extends InterfaceDefinition> = {
  [K in keyof MethodsOf<I>]: MethodsOf<I>[K] extends { readonly kind: 'call' }
    ? (...args: MethodArgs<I, K>) => Promise<MethodResult<I, K>>
    : MethodsOf<I>[K] extends { readonly kind: 'streaming' }
      ? (...args: MethodArgs<I, K>) => AsyncGenerator<MethodResult<I, K>, void, void>
      : () => Promise<Duplex>
}

/** The names of an interface's methods of one kind. */
export type MethodNames<I extends InterfaceDefinition, Kind extends MethodKind> = string extends keyof MethodsOf<I>
  ? string
  : {
      [K in keyof MethodsOf<I>]: MethodsOf<I>[K] extends { readonly kind: Kind } ? K & string : never
    }[keyof MethodsOf<I>]

/** The arguments a client passes to one method. */
export type MethodArgs<I extends InterfaceDefinition, K extends keyof MethodsOf<I>> = string extends keyof MethodsOf<I>
  ? unknown[]
  : Parameters<ClientSide<MethodsOf<I>[K]>>

/** The result of one method for a client; for a streaming method, one record. */
export type MethodResult<
  I extends InterfaceDefinition,
  K extends keyof MethodsOf<I>,
> = string extends keyof MethodsOf<I> ? unknown : Awaited<ReturnType<ClientSide<MethodsOf<I>[K]>>>
